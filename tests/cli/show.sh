# Showing entries, events and subjects with their history.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

expect 0 quipu show ledger 12
says '^entry         12, admitted 20' out
says '^statement     sequence 0, 3 events, issued 20' out
says '^   0  received lot coop-norte/E-0001 from coop-norte and weighed 499.5 kg$' out
expect 0 quipu show ledger 12:1
says '^event         12:1, lot_processed$' out
says '^  lot_processed.outputs\[1\].quantity.grams  98000$' out
is "$(quipu show --json ledger 12:1 | jq -r '"\(.entry) \(.position) \(.event.lot_processed.process)"')" \
    '12 1 hulling'
is "$(quipu show --json ledger 12 | jq -r .statement.event_count)" 3

expect 0 quipu show ledger cafe-sur/V-0001
says '^goods         coffee, green (product)$' out
says '^made          390 kg, 2026-06-25' out
says '^left          nothing$' out
says '^created by    entry 12, event 1$' out
says '^     12:1  2026-06-25  cafe-sur processed (hulling, Callao)' out
says '^     12:2  2026-07-01  cafe-sur dispatched shipment cafe-sur/SH-0001' out
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi
expect 0 quipu show ledger coop-norte
says '^roles         cooperative, processor$' out
says "^key           $(public_key coop)\$" out
expect 0 quipu show ledger plot:coop-norte/C-0001
says '^assessed      no loss, at entry 9, event 0$' out
expect 0 quipu show ledger coop-norte/P-0001
says '^producer      coop-norte/P-0001$' out
expect 0 quipu show ledger cafe-sur/SH-0001
says '^containers    QPZU2041180: on board$' out

expect 0 quipu show --json ledger coop-norte/E-0001
is "$(jq -r '"\(.kind) \(.state.made.grams) \(.state.status)"' out)" 'lot 500000 held'
is "$(jq -r '[.history[] | .role] | join(" ")' out)" 'creates changes changes consumes'

# An id that names two things.
jq -n '{occurred: "2026-07-05", lot_processed: {process: "sorting",
    inputs: [{lot: "cafe-sur/C-0001", quantity: {grams: 1000}}],
    outputs: [{lot: "cafe-sur/SH-0001", form: "husk", quantity: {grams: 1000}, kind: "product"}]}}' |
    quipu sign --key exporter.key -o twice.qst - >/dev/null
submit twice.qst >/dev/null
expect 2 quipu show ledger cafe-sur/SH-0001
says 'several things (lot, shipment); say which' err
expect 0 quipu show ledger shipment:cafe-sur/SH-0001
says '^shipment      cafe-sur/SH-0001$' out

# What is not there, and a name that is near.
expect 1 quipu show ledger 99
expect 1 quipu show ledger 12:3
says 'events 0 to 2' err
expect 1 quipu show ledger cafe-sur/v-0001
says 'there is a lot cafe-sur/V-0001' err
# Another case, other punctuation, one edit away; what is further away is not named.
for near in cafe-sur/v0001 cafe-sur/V_0001 CAFE-SUR/V-0001 cafe-sur/V-001 cafe-sur/V-00012; do
    expect 1 quipu show ledger "$near"
    says "$near is in the ledger; there is a lot cafe-sur/V-0001" err
done
# X-0001 could be V-0001, and C-0001 too.
for far in cafe-sur/X-0001 cafe-sur/V-1002 coop-norte/V-0001 cafe-sur/; do
    got=0
    quipu show ledger "$far" >out 2>err || got=$?
    [ "$got" != 0 ] || fail "there is a $far"
    says_not 'there is a lot' err
done
expect 1 quipu show ledger plot:coop-norte/c0001
says 'there is no plot coop-norte/c0001 in this ledger; there is coop-norte/C-0001' err
expect 1 quipu show ledger coop-nort
says 'there is a party coop-norte$' err
expect 1 quipu show ledger somebody-else
says 'there is no party somebody-else' err
says_not 'there is a party' err
expect 1 quipu show ledger nobody
says 'no party nobody' err
expect 1 quipu show ledger lot:coop-norte/C-0001
expect 2 quipu show ledger thing:coop-norte/C-0001
expect 2 quipu show ledger 12 --follow

# Text from events does not play with the terminal.
jq -n '{occurred: "2026-07-06", lot_recalled: {lot: "cafe-sur/C-0001", reason: "a\u202eb"}}' |
    quipu sign --key exporter.key -o recall.qst - >/dev/null
submit recall.qst >/dev/null
expect 0 quipu show ledger cafe-sur/C-0001
says '^status        recalled$' out
says 'a\\u{202E}b\|a\\u{202e}b' out

# The numbers of GS1 that lots and pallets carry.
jq -n '[{occurred: "2026-07-04", lot_harvested: {lot: "cafe-sur/E-9", commodity: "coffee",
    form: "green", quantity: {grams: 60000}, trade_item: "09506000134352.L-9",
    origins: [{plot: "coop-norte/C-0001", grams: 60000}], harvest_from: "2026-06-20",
    harvest_to: "2026-06-28", crop_year: 2026}},
  {occurred: "2026-07-05", shipment_dispatched: {shipment: "cafe-sur/SH-9", consignee: "hanse",
    commodity: "coffee", hs_code: "090111", lots: [{lot: "cafe-sur/E-9", quantity: {grams: 60000}}],
    containers: [{number: "CSQU3054383"}], port_of_loading: "PECLL", port_of_discharge: "DEHAM",
    destination_country: "DE", sscc: ["106141411928374657", "106141411928374664",
    "106141411928374671", "106141411928374688"]}}]' >numbers.json
expect 0 quipu sign --key exporter.key -o numbers.qst numbers.json
expect 0 submit numbers.qst
expect 0 quipu show ledger cafe-sur/E-9
says 'trade item' out
says '09506000134352.L-9$' out
expect 0 quipu show ledger cafe-sur/SH-9
says 'SSCC' out
says 'and 1 more$' out
