# Submitting: whole or not, once, with a receipt; refused statements kept with their reason.
. "$(dirname "$0")/lib.sh"
ledger
key coop
key stranger
enrol coop coop-norte cooperative

event() {
    printf '{"occurred":"2026-02-03","producer_registered":{"producer":"coop-norte/%s",' "$1"
    printf '"identity":{"seal":{"kind":"producer","content":{"name":"Ana"}}}}}\n'
}
event P-1 >one.json
event P-2 >two.json
quipu sign --key coop.key --ledger ledger -o one.qst one.json >/dev/null
quipu sign --key coop.key -o two.qst two.json >/dev/null
quipu sign --key stranger.key --ledger ledger -o stranger.qst two.json >/dev/null

# A submission holds personal data: it is for its owner alone, and so is the ledger.
is "$(stat -c %a one.qst ledger ledger/store/data.mdb | tr '\n' ' ')" '600 700 600 '

# Admitted, with a receipt; the same again gives the same receipt.
expect 0 submit --receipts receipts one.qst
says '^one.qst, statement 1: entry 2, 1 event$' out
is "$(ls receipts)" 2.tlog-proof
says '^c2sp.org/tlog-proof@v1$' receipts/2.tlog-proof
expect 0 submit --receipts again one.qst
says 'was there already' out
says '^0 admitted' out
head -n 3 receipts/2.tlog-proof >first
head -n 3 again/2.tlog-proof | cmp -s - first || fail "another receipt for the same statement"

# What is refused costs the others nothing, and is kept with the reason.
expect 1 submit --rejected rejected --receipts receipts stranger.qst two.qst
says 'entry 3, 1 event' out
says '^1 admitted (1 event), 0 known before, 1 refused' out
says 'stranger.qst, statement 1: ' err
says '\[QP-[A-Z-]*\]$' err
# shellcheck disable=SC2012 # names of our own
is "$(ls rejected | tr '\n' ' ')" 'stranger-1.qst stranger-1.txt '
cmp -s rejected/stranger-1.qst stranger.qst || fail "the refused statement was changed"
says '\[QP-' rejected/stranger-1.txt

# The same for programs: one object a statement, and the sums.
expect 1 submit --json --receipts receipts --rejected rejected stranger.qst two.qst
is "$(jq -r .result out | tr '\n' ' ')" 'known refused done '
is "$(jq -r 'select(.result == "known") | "\(.file) \(.statement) \(.index) \(.receipt)"' out)" \
    'two.qst 1 3 receipts/3.tlog-proof'
jq -r 'select(.result == "refused") | .rule' out | grep -q '^QP-' || fail "no rule"
[ ! -s err ] || fail "said twice"
is "$(jq -c 'select(.result == "done") | [.admitted, .known, .refused, .size]' out)" '[0,1,1,4]'

# Files in any order: what one lacks may stand in another, and each is answered once, at the end.
key late
event_of() {
    printf '{"occurred":"2026-02-03","producer_registered":{"producer":"late-coop/%s",' "$1"
    printf '"identity":{"seal":{"kind":"producer","content":{"name":"Eva"}}}}}\n'
}
event_of P-1 >late1.json
event_of P-2 >late2.json
quipu sign --key late.key --ledger ledger -o late1.qst late1.json >/dev/null
quipu sign --key late.key -o late2.qst late2.json >/dev/null
jq -n --arg key "$(public_key late)" '{occurred: "2026-02-02", party_enrolled: {party: "late-coop",
    legal_name: "Late", country: "PE", roles: ["cooperative"], key: $key}}' |
    quipu sign --key operator.key -o late0.qst - >/dev/null
expect 1 submit --json late2.qst late1.qst stranger.qst
is "$(jq -r '[.result, .file] | join(" ")' out | tr '\n' ' ')" \
    'refused late2.qst refused late1.qst refused stranger.qst done  '
expect 1 submit --json --receipts late --rejected late-no \
    late2.qst stranger.qst late1.qst late0.qst
is "$(jq -r '[.result, .file, .statement, .index] | map(tostring) | join(" ")' out |
    sed '/^done/d')" 'admitted late0.qst 1 4
admitted late1.qst 1 5
admitted late2.qst 1 6
refused stranger.qst 1 null'
is "$(jq -c 'select(.result == "done") | [.admitted, .known, .refused]' out)" '[3,0,1]'
# shellcheck disable=SC2012 # names of our own
is "$(ls late late-no | tr '\n' ' ')" \
    'late: 4.tlog-proof 5.tlog-proof 6.tlog-proof  late-no: stranger-1.qst stranger-1.txt '
# The private data in what was kept is for nobody else.
is "$(stat -c %a late-no/stranger-1.qst)" 600

# From stdin; several statements in one stream.
cat one.qst two.qst | submit - >out 2>err || fail "a stream"
says '0 admitted (0 events), 2 known before, 0 refused' out

# Not a submission, and one that ends inside a statement: what stands before is admitted.
event P-3 >three.json
quipu sign --key coop.key -o three.qst three.json >/dev/null
{ cat three.qst; head -c 50 one.qst; } >cut.qst
expect 3 submit cut.qst
says 'cut.qst: ' err
says '1 admitted' out
echo nonsense >nonsense.qst
expect 3 submit nonsense.qst one.qst
says 'nonsense.qst: ' err
says '1 known before' out
expect 4 submit nowhere.qst

# A changed byte in a statement.
event P-4 >four.json
quipu sign --key coop.key -o four.qst four.json >/dev/null
{ head -c 60 four.qst; printf 'Z'; tail -c +62 four.qst; } >changed.qst
got=0
submit changed.qst >out 2>err || got=$?
case $got in
1 | 3) ;;
*) fail "status $got for a changed statement" ;;
esac
says '^0 admitted' out

# Only with the log's key, and only into a ledger.
expect 1 quipu submit ledger --log-key coop.key one.qst
expect 2 quipu submit ledger one.qst
got=0
quipu submit nowhere --log-key log.key one.qst >out 2>err || got=$?
[ "$got" -ne 0 ] || fail "submitted to a ledger that is not there"
says 'nowhere' err

# Many lines are summed up.
: >many.json
for i in $(seq 100 140); do event "P-$i" >>many.json; done
quipu sign --key coop.key --batch 1 -o many.qst many.json >/dev/null
expect 0 submit four.qst many.qst
[ "$(wc -l <out)" -le 24 ] || fail "a line for each of many"
says '^42 admitted (42 events)' out

# A stream is answered while it is open, and nobody else writes meanwhile.
mkfifo stream
event P-200 >next.json
quipu sign --key coop.key -o next.qst next.json >/dev/null
quipu submit ledger --log-key log.key - <stream >answers 2>&1 &
pid=$!
exec 4>stream
cat next.qst >&4
tries=0
while ! grep -q 'entry' answers; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "no answer while the stream is open: $(cat answers)"
    sleep 0.1
done
expect 4 submit one.qst
says '^quipu: ' err
exec 4>&-
wait "$pid" || fail "the stream: $(cat answers)"
says '^1 admitted' answers
