# The log for people and for programs, and waiting for what comes.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

expect 0 quipu log ledger
says '^ ENTRY  ADMITTED  *ISSUER  *EVENTS  KINDS$' out
is "$(wc -l <out)" 18 # a head, 14 entries, and three lines that go on below
says '^     0  20.*Z  registry  *1  ledger_opened$' out
says '^    12  20.*Z  cafe-sur  *3  lot_received,$' out
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi

expect 0 quipu log ledger --from 8 --limit 3
is "$(wc -l <out)" 4
expect 0 quipu log ledger --from 99
[ ! -s out ] || fail 'entries beyond the end'

expect 0 quipu log ledger --events --from 12 --limit 1
says '^           1  lot_processed         cafe-sur/V-0001  488 kg$' out

# One object for each entry, with all of it.
expect 0 quipu log ledger --json
is "$(wc -l <out)" 14
is "$(jq -s -r '.[12] | "\(.index) \(.party) \(.statement.event_count) \(.events | length)"' out)" \
    '12 cafe-sur 3 3'
is "$(jq -s -r '.[12].events[1].event.lot_processed.outputs[0].quantity.grams' out)" 390000
# Each entry names the leaf of the one before, and each event has its own hash.
is "$(jq -s -r '[.[1:], .[:-1]] | transpose | all(.[0].previous == .[1].leaf)' out)" true
is "$(jq -s -r '[.[].events[].id] | length == (unique | length)' out)" true

# Following: what is there, then what comes, until interrupted.
quipu log ledger --follow --from 13 >followed 2>err &
follower=$!
tries=0
while [ "$(wc -l <followed)" -lt 3 ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
key late
enrol late late-coop cooperative
tries=0
while ! grep -q '^    14 ' followed && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -TERM "$follower"
got=0
wait "$follower" || got=$?
is "$got" 0
says '^    14  20.*Z  registry  *1  party_enrolled$' followed
is "$(grep -c '^ *ENTRY' followed)" 1

# Whoever reads goes away: no failure, and no process that waits for ever.
{
    got=0
    timeout 20 quipu log ledger --follow --json || got=$?
    echo "$got" >status
} 2>err | head -n 1 >first
is "$(cat status)" 0
is_json first

expect 2 quipu log ledger --follow --limit 2
expect 2 quipu log
got=0
quipu log nowhere >out 2>err || got=$?
[ "$got" -ne 0 ] || fail 'read a ledger that is not there'
