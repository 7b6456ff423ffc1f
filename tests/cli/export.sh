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
    'PE PE-SAM 0.5647'
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
says 'there are traces-geojson' err
expect 2 export_traces --type III shipment.quipu
expect 2 export_traces --draft shipment.quipu
expect 2 export_traces --operator policy.json shipment.quipu
expect 2 quipu export --policy policy.json --format art9 --type I -o record shipment.quipu
expect 3 export_traces rules.qst

# Type I: a file for each producer, who is not named in it.
expect 2 export_traces --type I shipment.quipu
says '\-o DIR' err
expect 0 export_traces --type I shipment.quipu -o producers
is "$(ls producers)" coop-norte_P-0001.geojson
is "$(jq -c '.features[0].properties | keys' producers/coop-norte_P-0001.geojson)" \
    '["Area","ProducerCountry","ProductionPlace"]'
is "$(jq -c '.features[0].geometry' producers/coop-norte_P-0001.geojson)" \
    "$(jq -c '.features[0].geometry' plots.geojson)"

# A plot with a hole, which TRACES does not take, is cut in two.
cp plots.geojson.in plots.geojson
season_hole
expect 0 export_traces 0009.quipu -o hole-traces.geojson
says 'have holes' err
says '1 plot, ' err
is "$(jq -c '[.features[].geometry | .type, (.coordinates | length)]' hole-traces.geojson)" \
    '["Polygon",1,"Polygon",1]'
whole=$(quipu verify --json 0009.quipu --policy policy.json |
    jq '.lines[] | select(.name == "located") | .numbers.area_m2')
jq -e --argjson whole "$whole" '[.features[].properties.Area * 10000] | add - $whole | fabs <= 2' \
    hole-traces.geojson >/dev/null || fail 'the parts have another area than the whole'
# The record of Article 9 keeps it as it is.
quipu export 0009.quipu --policy policy.json --format art9-json >hole.json 2>/dev/null || true
is "$(jq '.plots[0].geometry.coordinates | length' hole.json)" 2

# The same outline twice, to six decimals: both plots are named.
jq -c '.features[0] |= (.properties.plot = "C-0010" |
    .geometry.coordinates[0] |= map(map(. * 1e6 | round / 1e6)))' plots.geojson.in >twin.geojson
season_more 0010 twin.geojson 'C-0001:50|C-0010:50'
expect 1 export_traces 0010.quipu -o twin-traces.geojson
says 'plot coop-norte/C-0010: .*as plot coop-norte/C-0001.*\[GEO-DUPLICATE\]' err
[ ! -e twin-traces.geojson ] || fail 'a file without one of its plots'
expect 0 export_traces 0010.quipu --even-if-failed
is "$(jq '.features | length' out)" 1
