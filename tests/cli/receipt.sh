# Receipts: printed again, and checked offline.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu policy new --ledger ledger --preset provenance -o policy.json

expect 0 quipu receipt get ledger 12
is "$(head -n 1 out)" c2sp.org/tlog-proof@v1
quipu receipt get ledger 12 -o 12.tlog-proof
cmp -s out 12.tlog-proof || fail 'the file has something else than stdout'
expect 0 quipu receipt get ledger 12 --json
is "$(wc -l <out)" 1
is "$(jq -r .entry out)" 12
jq -j .receipt out | cmp -s - 12.tlog-proof || fail 'another receipt with --json'
expect 0 quipu receipt get ledger 12 --json -o again
is "$(jq -c . out)" '{"entry":12,"file":"again"}'
cmp -s again 12.tlog-proof || fail 'another file with --json'
expect 0 quipu receipt check 12.tlog-proof --policy policy.json
says '^VALID$' out
says '^entry      12, admitted 20' out
says "^issuer     $(public_key exporter)\$" out
expect 0 quipu receipt check --json 12.tlog-proof --policy policy.json
is "$(jq -c '[.valid, .entry, .sequence, .event_count]' out)" '[true,12,0,3]'

# At another place, of another ledger, by another log.
sed 's/^index 12$/index 11/' 12.tlog-proof >moved
expect 1 quipu receipt check moved --policy policy.json
jq '.ledger_id = ("0" * 64)' policy.json >other.json
expect 1 quipu receipt check 12.tlog-proof --policy other.json
says 'another ledger' err
jq --arg key "log $(cat coop.vkey)" '.log[0] = $key' policy.json >other.json
expect 1 quipu receipt check 12.tlog-proof --policy other.json

expect 1 quipu receipt get ledger 99
expect 2 quipu receipt get ledger twelve
expect 3 quipu receipt check rules.qst --policy policy.json
expect 2 quipu receipt check 12.tlog-proof
