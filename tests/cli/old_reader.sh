# A reader that stands still keeps the room of old pages: whoever writes is told which process it
# is. One that was killed keeps nothing, and one that follows the log moves with it.
. "$(dirname "$0")/lib.sh"
ledger

# write N: as many submissions, one write or more each; what they say on stderr in `said`.
number=0
write() {
    : >said
    for _ in $(seq "$1"); do
        number=$((number + 1))
        key "k$number"
        enrol_key=$(public_key "k$number")
        jq -n --arg key "$enrol_key" --arg party "coop-$number" '{occurred: "2026-02-02",
            party_enrolled: {party: $party, legal_name: "Sociedad", country: "PE",
            roles: ["cooperative"], key: $key}}' |
            quipu sign --key operator.key -o "$number.qst" - >/dev/null
        submit "$number.qst" >/dev/null 2>>said
    done
}
quipu log ledger --follow >followed 2>err &
follower=$!
tries=0
while [ ! -s followed ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
write 10
[ ! -s said ] || fail "told of a reader that moves: $(cat said)"

kill -STOP "$follower"
write 10
says "process $follower has been reading the ledger as it stood [0-9]* writes ago" said
says "ps -p $follower" said
submit --json "$number.qst" >out 2>err
is "$(jq -r .warning err)" true

# Nothing is held once it goes on, nor by the dead.
kill -CONT "$follower"
sleep 1
write 1
[ ! -s said ] || fail "told of a reader that went on: $(cat said)"
kill -STOP "$follower"
kill -KILL "$follower"
wait "$follower" 2>/dev/null || true
write 1
[ ! -s said ] || fail "told of a reader that is dead: $(cat said)"
expect 0 quipu audit ledger
