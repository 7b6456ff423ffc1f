# The bundle of the sample's coffee shipment is hardly larger than what it has to hold: entries,
# events, disclosed contents, and the fewest hashes that tie them to the checkpoint.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/demo.sh"

expect 0 quipu prove --json demo/ledger puerto-verde/SH-2026-01 -o coffee.quipu
bytes=$(wc -c <coffee.quipu)
needed=$(jq '.bytes_content + 32 * .hashes' out)
is "$(jq .bytes out)" "$bytes"
echo "bundle: $bytes bytes, needed $needed, ratio $(jq -n "$bytes / $needed * 1000 | round / 1000")"
[ $((bytes * 100)) -le $((needed * 115)) ] || fail "$bytes bytes for $needed"
