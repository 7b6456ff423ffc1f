# What is written for TRACES, read by checkers of other people (npm.sh); without npm or a network
# the test is skipped.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
. "$QP_SOURCE/tests/cli/npm.sh"

why=$(npm_checkers) || {
    echo "skipped: $why"
    exit 77
}

check() {
    node "$QP_SOURCE/tests/npm/check.cjs" "$@"
}

# The checkers do look: a ring the wrong way round, one that crosses itself, a wrong area.
cat >good.geojson <<'END'
{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"Area":123.2198},"geometry":{"type":"Polygon","coordinates":
[[[-77.100000,-6.100000],[-77.090000,-6.100000],[-77.090000,-6.090000],[-77.100000,-6.090000],[-77.100000,-6.100000]]]}}]}
END
expect 0 check good.geojson
for change in 's/123/124/' 's/-77.090000,-6.100000/-77.090000,-6.10000/' \
    's/-77.090000,-6.090000\],\[-77.100000,-6.090000/-77.100000,-6.090000],[-77.090000,-6.090000/' \
    's/\[-77.100000,-6.100000\]\]\]/[-77.100001,-6.100001]]]/'; do
    sed "$change" good.geojson >wrong.geojson
    cmp -s good.geojson wrong.geojson && fail "nothing was changed by $change"
    expect 1 check wrong.geojson
done

# Every shipment of the sample, and a plot with a hole.
. "$QP_SOURCE/tests/cli/demo.sh"
for bundle in shipment cocoa; do
    quipu export demo/importer/$bundle.quipu --policy demo/importer/policy.json \
        --format traces-geojson -o $bundle.geojson 2>/dev/null
    quipu export demo/importer/$bundle.quipu --policy demo/importer/policy.json \
        --format traces-geojson --type I -o $bundle 2>/dev/null
done
season
season_hole
quipu policy new --ledger ledger --assessor geo-andes -o policy.json
quipu export 0009.quipu --policy policy.json --format traces-geojson -o cut.geojson 2>/dev/null
is "$(jq '.features | length' cut.geojson)" 2
expect 0 check shipment.geojson cocoa.geojson cut.geojson shipment/*.geojson cocoa/*.geojson
