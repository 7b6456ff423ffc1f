# The plots of a bundle for TRACES: judged first, and all of them or a clear word.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o sealed.quipu --disclose none >/dev/null
quipu policy new --ledger ledger --assessor geo-andes -o policy.json

cp plots.geojson plots.geojson.in

export_traces() {
    quipu export --policy policy.json --format traces-geojson "$@"
}

expect 0 export_traces shipment.quipu -o plots.geojson
is_json plots.geojson
is "$(jq -r '.features[0].properties | "\(.ProducerCountry) \(.ProductionPlace) \(.Area)"' plots.geojson)" \
    'PE PE-SAM 0.564'
is "$(jq -r '.features[0].properties.ProducerName' plots.geojson)" \
    "$(sed -n 2p producers.csv | cut -d , -f 2)"
is "$(jq -r '.features[0].geometry.coordinates[0] | .[0] == .[-1]' plots.geojson)" true
grep -q '\[-77\.[0-9]\{6\},-6\.[0-9]\{6\}\]' plots.geojson || fail 'not six decimals'
says '^quipu: 1 plot, 0.56 ha, in plots.geojson$' err
expect 0 export_traces shipment.quipu
cmp -s out plots.geojson || fail 'stdout has something else than the file'

# For programs.
expect 0 export_traces shipment.quipu --json -o again.geojson
cmp -s again.geojson plots.geojson || fail 'another file with --json'
is "$(jq -c '[.file, .plots, .left_out, .area_m2]' out)" '["again.geojson",1,0,5640]'
[ ! -s err ] || fail 'words on stderr with --json'
expect 0 export_traces shipment.quipu --json
cmp -s out plots.geojson || fail 'stdout has something else with --json'
expect 1 export_traces sealed.quipu --json
is_json err

# Not without every plot, unless asked for.
expect 1 export_traces sealed.quipu -o none.geojson
says '"located" does not pass' err
[ ! -e none.geojson ] || fail 'a file in spite of it'
expect 0 export_traces sealed.quipu --even-if-failed
is "$(jq '.features | length' out)" 0
says 'plot coop-norte/C-0001' err

# A bundle that is not authentic gives nothing at all.
jq '.ledger_id = ("0" * 64)' policy.json >other.json
expect 1 quipu export --policy other.json --format traces-geojson --even-if-failed shipment.quipu
says 'not authentic' err
[ ! -s out ] || fail 'plots of a bundle that is not authentic'

expect 2 export_traces
expect 2 quipu export --policy policy.json --format csv shipment.quipu
says 'there is traces-geojson' err
expect 3 export_traces rules.qst

# A plot with a hole, which TRACES does not take, is named, and nothing is written.
jq -c '.features[0] |= (.properties.plot = "C-0009" | .properties.area_ha = 18.3 |
    .geometry.coordinates = [
      [[-77.100123, -6.200123], [-77.096123, -6.200234], [-77.096234, -6.196123],
        [-77.100234, -6.196234], [-77.100123, -6.200123]],
      [[-77.099123, -6.199123], [-77.099234, -6.198123], [-77.098123, -6.198234],
        [-77.098234, -6.199234], [-77.099123, -6.199123]]])' \
    plots.geojson.in >hole.geojson
{
    head -n 1 deliveries.csv
    tail -n 1 deliveries.csv | sed -e 's/E-0001/E-0009/' -e 's/C-0001/C-0009/' -e 's/RA-1/RA-9/'
} >hole.csv
expect 0 quipu import plots --key coop.key --party coop-norte -o hole.qst hole.geojson
quipu import deliveries --key coop.key --party coop-norte -o hole-deliveries.qst hole.csv >/dev/null
jq -n '{occurred: "2026-06-20", lot_transferred: {lot: "coop-norte/E-0009", to: "cafe-sur",
    kind: "both", quantity: {grams: 500000}, document: "T001-00000009"}}' |
    quipu sign --key coop.key -o hole-transfer.qst - >/dev/null
jq -n '[{occurred: "2026-06-22", lot_received: {lot: "coop-norte/E-0009", from: "coop-norte",
      quantity: {grams: 500000}, document: "T001-00000009"}},
    {occurred: "2026-07-01", shipment_dispatched: {shipment: "cafe-sur/SH-0009",
      consignee: "hanse", commodity: "coffee", hs_code: "090111",
      lots: [{lot: "coop-norte/E-0009", quantity: {grams: 500000}}],
      containers: [{number: "QPZU2045627"}], port_of_loading: "PECLL",
      port_of_discharge: "DEHAM", destination_country: "DE"}}]' |
    quipu sign --key exporter.key -o hole-shipment.qst - >/dev/null
submit hole.qst hole-deliveries.qst hole-transfer.qst hole-shipment.qst >/dev/null
quipu prove ledger cafe-sur/SH-0009 -o hole.quipu >/dev/null
expect 1 export_traces hole.quipu -o hole-traces.geojson
says '^quipu: plot coop-norte/C-0009: .*hole.* \[GEO-HOLE\]$' err
[ ! -e hole-traces.geojson ] || fail 'a file without one of its plots'
