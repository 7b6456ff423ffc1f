# What is admitted and worth a look: plots that yield more than is usual, told once.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

# delivery NUMBER KILOGRAMS: of parchment from plot C-0001, whose 0.56 ha usually yield 1,008 kg green.
delivery() {
    {
        head -n 1 deliveries.csv
        echo "E-$1,2026-06-06,P-0001,C-0001,coffee,parchment,$2,kg,2026,RA-$1,11.5,17.50,2026-05-20,2026-05-28"
    } >"$1.csv"
    quipu import deliveries --key coop.key --party coop-norte -o "$1.qst" "$1.csv" >/dev/null 2>&1
}
delivery 0002 700
delivery 0003 200
delivery 0004 100

expect 0 submit 0002.qst
[ ! -s err ] || fail 'words about a yield that is usual'
expect 0 submit 0003.qst
says '^quipu: 0003.qst, statement 1: admitted, but see: plot coop-norte/C-0001 has yielded 1120 kg (green) in crop year 2026 over all buyers; above ' err
says '^1 admitted' out
# Once: the next one does not cross it, and what was there before is not judged again.
expect 0 submit 0004.qst 0003.qst
[ ! -s err ] || fail 'told twice'

# The same for programs, in another ledger.
mkdir json
cd json
season
delivery 0002 1000
delivery 0003 100
expect 0 submit --json 0002.qst 0003.qst
is "$(jq -c 'select(.result == "admitted") | [.file, (.warnings // [] | length)]' out | tr '\n' ' ')" \
    '["0002.qst",1] ["0003.qst",0] '
says 'has yielded 1200 kg (green) in crop year 2026' out
[ ! -s err ] || fail 'said twice'

# The verdict tells of what was lost on the way, and does not fail for it.
jq -n '[{occurred: "2026-06-20", lot_transferred: {lot: "coop-norte/E-0002", to: "cafe-sur",
    kind: "both", quantity: {grams: 1000000}}}]' | quipu sign --key coop.key -o t.qst - >/dev/null
jq -n '[{occurred: "2026-06-22", lot_received: {lot: "coop-norte/E-0002", from: "coop-norte",
      quantity: {grams: 960000}}},
    {occurred: "2026-07-01", shipment_dispatched: {shipment: "cafe-sur/SH-0002", consignee: "hanse",
      commodity: "coffee", hs_code: "090111", lots: [{lot: "coop-norte/E-0002",
        quantity: {grams: 960000}}], containers: [{number: "QPZU2045627"}],
      port_of_loading: "PECLL", port_of_discharge: "DEHAM", destination_country: "DE"}}]' |
    quipu sign --key exporter.key -o s.qst - >/dev/null
expect 0 submit t.qst s.qst
quipu prove ledger cafe-sur/SH-0002 -o s.quipu >/dev/null
quipu policy new --ledger ledger --preset provenance -o policy.json >/dev/null 2>&1
quipu verify --json s.quipu --policy policy.json >out || :
is "$(jq -c '.lines[3] | [.name, .result, .numbers.lost_grams, .numbers.plots_over_warn]' out)" \
    '["conserved","PASS",40000,0]'
says 'lot coop-norte/E-0002 lost 40000 g of 1000000 g on its way from coop-norte' out
