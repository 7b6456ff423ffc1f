# Fifty real plots from many countries, imported by a cooperative of Peru: the two that lie there
# are registered, every other one is refused with its reason.
. "$(dirname "$0")/lib.sh"
plots=${QP_SHARED:-$QP_SOURCE/../shared}/data/whisp/tests/fixtures/geojson_example.geojson
if [ ! -f "$plots" ]; then
    echo "skipped: $plots is not there"
    exit 77
fi
ledger
key coop
enrol coop coop-norte cooperative
import() {
    kind=$1
    shift
    quipu import "$kind" --key coop.key --party coop-norte --ledger ledger --at 2026-02-04 "$@"
}
head -n 2 "$SAMPLE/producers-alto-mayo.csv" >producers.csv
import producers -o producers.qst producers.csv >/dev/null
submit producers.qst >/dev/null

# The outlines as they are; what a plot needs beside its outline is put in.
jq -c '.features |= [.[] | .properties = {plot: "W-\(.properties.user_id)", producer: "P-0001",
    commodities: "coffee", tenure: "possession", tenure_evidence: "declared"}]' \
    "$plots" >plots.geojson
is "$(jq '.features | length' plots.geojson)" 50

# All or nothing, and a reason for each feature that is not taken.
expect 1 import plots --json -o all.qst plots.geojson
[ ! -e all.qst ] || fail 'something was signed'
is "$(jq -c 'select(.place and (.warning | not)) | .place' err | wc -l)" 48
is "$(jq -c 'select(.place and (.warning | not)) | select(.text |
    test("^it lies at longitude -?[0-9.]+, latitude -?[0-9.]+, which is not in Peru$") | not)' err)" ''

expect 0 import plots --json --skip-bad bad.geojson -o good.qst plots.geojson
is "$(jq -c 'select(.rows) | [.rows, .good, .bad]' out)" '[50,2,48]'
is "$(jq -c 'select(.warning) | .place' err)" 14
says 'plot coop-norte/W-14 has a hole' err
is "$(jq '.features | length' bad.geojson)" 48
is "$(jq -c '[.features[].properties.plot | select(. == "W-10" or . == "W-14")]' bad.geojson)" '[]'

# The ledger registers both, with the areas of their outlines as the EU computes them: 9.160 ha on the
# sphere of 6,371,007.181 m is 9.181 on that of 6,378,137 m.
expect 0 submit good.qst
expect 0 quipu journal coop.key --events
is "$(jq -r '.event.plot_registered // empty | "\(.plot) \(.geometry_kind) \(.area_m2)"' out)" \
    'coop-norte/W-10 polygon 91806
coop-norte/W-14 polygon 261915'
expect 0 quipu audit ledger
