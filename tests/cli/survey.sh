# Plots looked at closely: three forms of the answer, repairs that are said, a ledger to compare with.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
PLOTS=$SAMPLE/plots-alto-mayo.geojson
BAD=$SAMPLE/bad

# A good file, a warning, an error.
expect 0 quipu survey "$PLOTS"
is "$(cat out)" '43 plots, 69.14 ha: 43 without a finding'
[ ! -s err ] || fail 'something on stderr'
expect 0 quipu survey --strict - <"$PLOTS"
jq -c '.features |= [.[0] | .properties.area_ha = 9]' "$PLOTS" >warning.geojson
expect 0 quipu survey warning.geojson
says 'C-0001  warning  SV-AREA-DECLARED' out
says '1 plot, 0.56 ha: 1 with warnings' out
expect 1 quipu survey --strict warning.geojson
expect 1 quipu survey "$BAD/plot-self-crossing.geojson"
says 'C-0902  error  GEO-CROSS' out
[ ! -s err ] || fail 'something on stderr'
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi

# As JSON: a line for each plot and one with the sums.
expect 1 quipu survey --format json "$BAD/plot-point-over-4-ha.geojson"
is "$(jq -c 'select(.plot == "C-0902") | [.feature, .worst, .findings[0].code, .findings[0].number]' out)" \
    '[2,"error","SV-POINT-LARGE",4.6]'
is "$(jq -c '.summary | select(.) | [.plots, .errors, .fine]' out)" '[2,1,1]'
cp out lines
expect 1 quipu survey --json "$BAD/plot-point-over-4-ha.geojson"
cmp -s out lines || fail '--json is not --format json'
expect 1 quipu survey --json -o report.json "$BAD/plot-point-over-4-ha.geojson"
cmp -s report.json lines || fail 'the file is not what stdout has'

# As GeoJSON: what the plots came with, and a property for each finding.
expect 1 quipu survey --format geojson "$BAD/plot-same-outline-twice.geojson" -o gis.geojson
says 'quipu: 2 plots, 2.46 ha: 2 with errors, in gis.geojson' err
is "$(jq -c '[.features[].properties | [.plot, .producer, .worst, ."SV-SAME"]]' gis.geojson)" \
    '[["C-0901","P-0001","error",100],["C-0902","P-0002","error",100]]'
says 'SV-SAME error: the same ground as plot C-0902 of P-0002' gis.geojson
expect 1 quipu survey --format geojson "$BAD/plot-same-outline-twice.geojson"
cmp -s out gis.geojson || fail 'the file is not what stdout has'

# What can be repaired is, and is said; the import takes it then, and not before.
key desk
import() {
    quipu import plots --key desk.key --ledger "$(printf '%064d' 7)" --party alto-mayo \
        --others-registered --dry-run "$1"
}
for name in unclosed-ring swapped-lat-lon repeated-vertex repeated-at-six-decimals; do
    expect 1 quipu survey "$BAD/plot-$name.geojson"
    says 'fix ' out
    expect 1 import "$BAD/plot-$name.geojson"
    expect 0 quipu survey --fix -o fixed.geojson "$BAD/plot-$name.geojson"
    says 'C-0902  fixed  SV-' out
    says 'quipu: 2 plots, .*: 1 repaired, 1 without a finding, in fixed.geojson' err
    is "$(jq -r '.features[1].properties.worst' fixed.geojson)" fixed
    expect 0 quipu survey fixed.geojson
    says '2 without a finding' out
    expect 0 import fixed.geojson
done
expect 1 quipu survey --fix -o fixed.geojson "$BAD/plot-linestring.geojson"
is "$(jq -c '.features[1] | [.properties.plot, .geometry]' fixed.geojson)" '["C-0902",null]'
for arguments in '--fix' '--fix -o -' '--fix -o x --format table' '--format xml' '--format json --fix -o x'; do
    # shellcheck disable=SC2086 # several arguments
    expect 2 quipu survey $arguments "$PLOTS"
done
[ ! -e x ] || fail 'a file in spite of it'

# Borders, and another country.
jq -n '{type: "FeatureCollection", features: [
    {type: "Feature", properties: {iso_3166_2: "PE-SAM"}, geometry: {type: "Polygon",
      coordinates: [[[-76, -7], [-75, -7], [-75, -6], [-76, -6], [-76, -7]]]}},
    {type: "Feature", properties: {iso_3166_2: "PE-AMA"}, geometry: {type: "Polygon",
      coordinates: [[[-78, -7], [-76, -7], [-76, -6], [-78, -6], [-78, -7]]]}}]}' >borders.geojson
expect 0 quipu survey --borders borders.geojson "$PLOTS"
says 'SV-OUTSIDE-REGION *it lies' out
says 'in PE-AMA' out
expect 0 quipu survey --borders borders.geojson --json "$PLOTS"
is "$(jq -c '.summary.warnings // empty' out)" 43
sed 's/"iso_3166_2"/"name"/' borders.geojson >nameless.geojson
expect 3 quipu survey --borders nameless.geojson "$PLOTS"
says 'ISO 3166-2' err
jq -c 'del(.features[].properties.country, .features[].properties.department)' "$PLOTS" >bare.geojson
expect 0 quipu survey --country EC bare.geojson

# Files that are none.
expect 3 quipu survey "$BAD/plot-cut-off.geojson"
expect 3 quipu survey "$BAD/plot-not-geojson.geojson"
expect 4 quipu survey nowhere.geojson
expect 2 quipu survey

# Against another file, and against a ledger: the plot that is there is known, a copy is not.
expect 0 quipu survey --against "$PLOTS" --json "$PLOTS"
is "$(jq -c 'select(.plot == "C-0001") | [.findings[] | [.code, .level]]' out)" '[["SV-KNOWN","note"]]'
season
expect 0 quipu survey plots.geojson --against ledger --party coop-norte
says 'C-0001  note   SV-KNOWN  it is there already: plot coop-norte/C-0001' out
jq -c '.features[0].properties |= (.plot = "C-7" | .producer = "P-7")' plots.geojson >copy.geojson
expect 1 quipu survey copy.geojson --against ledger --party coop-norte
says 'C-7   error  SV-SAME' out
expect 0 quipu survey copy.geojson --against ledger
expect 1 quipu survey copy.geojson --against plots.geojson --against ledger
is "$(quipu survey copy.geojson --against ledger --json | jq -c '.summary.known // empty')" 1

# A plot whose outline was never handed in, and one that was withdrawn.
jq -n '{occurred: "2026-07-05", plot_withdrawn: {plot: "coop-norte/C-0001", reason: "sold"}}' |
    quipu sign --key coop.key --ledger ledger -o withdrawn.qst - >/dev/null
submit withdrawn.qst >/dev/null
is "$(quipu survey copy.geojson --against ledger --json | jq -c '.summary.known // empty')" 0

# Areas that ask for evidence are brought by whoever runs the survey: a warning with the share, and
# what is needed; the file's name says the kind where the areas do not.
expect 0 quipu survey "$SAMPLE/plots-alto-mayo.geojson" --areas "$SAMPLE/areas.geojson" --json
is "$(jq -s -c '[.[] | select(.findings) | .findings[] | select(.code == "SV-INSIDE") | .level] | unique' out)" \
    '["warning"]'
is "$(jq -s '.[-1].summary.areas' out)" "$(jq '.features | length' "$SAMPLE/areas.geojson")"
expect 1 quipu survey "$SAMPLE/plots-alto-mayo.geojson" --areas "$SAMPLE/areas.geojson" --strict
says 'attach evidence' out
jq -c 'del(.features[].properties.kind, .features[].properties.tipo)' "$SAMPLE/areas.geojson" >urban.geojson
expect 0 quipu survey "$SAMPLE/plots-alto-mayo.geojson" --areas urban.geojson
says '(urban)' out
expect 3 quipu survey "$SAMPLE/plots-alto-mayo.geojson" --areas "$SAMPLE/parties.csv"
echo '{"type": "FeatureCollection", "features": []}' >empty.geojson
expect 3 quipu survey "$PLOTS" --areas empty.geojson
says 'empty.geojson: no area in it' err
expect 0 quipu survey "$PLOTS" --areas "$SAMPLE/areas.geojson" --areas urban.geojson --format geojson -o gis.geojson
is "$(jq -c '.features[] | .properties | select(.plot == "C-0022") | [.worst, ."SV-INSIDE"]' gis.geojson)" \
    '["warning",100]'
is "$(jq -c '.features[] | .properties | select(.plot == "C-0004") | [.worst, ."SV-NEAR" > 49]' gis.geojson)" \
    '["note",true]'
expect 0 quipu survey gis.geojson
is "$(cat out)" '43 plots, 69.14 ha: 43 without a finding'

# Outlines of a GIS that go the other way round are turned, which is said once.
jq -c '.features[].geometry |= (if .type == "Polygon" then .coordinates[0] |= reverse else . end)' \
    "$PLOTS" >turned.geojson
expect 0 quipu survey --strict turned.geojson
is "$(head -n 1 out)" '40 outlines turned to the right-hand rule (SV-ORIENTATION)'
is "$(wc -l <out)" 3
expect 0 quipu survey --json turned.geojson
is "$(jq -s '[.[] | select(.findings) | .findings[] | select(.code == "SV-ORIENTATION")] | length' out)" 40
