# Bundles: what is in them, what stays sealed.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

expect 0 quipu prove ledger cafe-sur/SH-0001 -o eudr.quipu
says '^holds          14 entries, 17 events, 2 lots, 1 plot$' out
says '^geometry       disclosed: 1 of 1$' out
says '^producer-name  disclosed: 1 of 1$' out
says '^price          withheld: 0 of 1$' out
is "$(head -n 1 eudr.quipu | tr -d '\000')" quipu/bundle/v1

# The same again is the same bytes; "-" is stdout, and the words then go to stderr.
quipu prove ledger cafe-sur/SH-0001 -o - --disclose producer-name,geometry >again.quipu 2>err
cmp -s eudr.quipu again.quipu || fail 'another bundle from the same ledger'
says '^holds ' err

# What is withheld is not in the file.
name=$(sed -n 2p producers.csv | cut -d , -f 2)
grep -q "$name" eudr.quipu || fail "the name of the producer is not disclosed: $name"
expect 0 quipu prove ledger cafe-sur/SH-0001 -o sealed.quipu --disclose none
says '^producer-name  withheld: 0 of 1$' out
if grep -q "$name" sealed.quipu; then
    fail 'the name of the producer is in a bundle that discloses nothing'
fi
expect 0 quipu prove --json ledger cafe-sur/SH-0001 -o price.quipu --disclose price
is "$(jq -r '"\(.contents.price.disclosed) \(.contents.geometry.disclosed) \(.sealed_missing)"' out)" \
    '1 0 0'

expect 1 quipu prove ledger cafe-sur/SH-0009 -o none.quipu
[ ! -e none.quipu ] || fail 'a bundle of nothing'
expect 1 quipu prove ledger cafe-sur/V-0001 -o none.quipu
expect 2 quipu prove ledger cafe-sur/SH-0001 -o none.quipu --disclose geometrie
says 'geometry, producer-name, price, document, contact' err
expect 2 quipu prove ledger cafe-sur/SH-0001
