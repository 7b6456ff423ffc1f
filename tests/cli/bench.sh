# quipu bench: everything is measured in every size of the ledger, the curves can be drawn, nothing is
# left behind, and no figure is a wish: values and limits are there and above zero.
. "$(dirname "$0")/lib.sh"

mkdir here
expect 0 quipu bench --quick --dir here --events 2100 --events 2500 -o bench.json
cp out table
is "$(wc -l <bench.json)" 1
is "$(jq -c '[.rounds, .quick, (.points | map(.events))]' bench.json)" '[1,true,[2100,2500]]'
is "$(jq -c '.limits | keys' bench.json)" \
    '["commit_1","commit_100","commit_10000","sha256_400","sign","sign_one_core","verify","verify_one_core"]'
is "$(jq '[.limits[] | select(. <= 0)] | length' bench.json)" 0
for point in 0 1; do
    is "$(jq -r ".points[$point].figures | keys | join(\" \")" bench.json)" \
        "audit disk_event disk_submitted growth impact ingest_1 ingest_100 ingest_4096 ingest_clients latency_p50 latency_p99 memory open open_writer prove_p50 prove_p99 show trace verify_bundle verify_bundle_cores"
done
is "$(jq '[.points[].figures[] | select(.value <= 0 or .unit == "")] | length' bench.json)" 0
# A ratio stands beside everything that the machine bounds, and an aim is met or not.
is "$(jq -r '[.points[0].figures | to_entries[] | select(.value.ratio > 0) | .key] | sort | join(" ")' bench.json)" \
    "audit ingest_1 ingest_100 ingest_4096 ingest_clients latency_p50 latency_p99 verify_bundle verify_bundle_cores"
is "$(jq -r '[.points[1].figures | to_entries[] | select(.value.cpu_ratio > 0) | .key] | sort | join(" ")' bench.json)" \
    "audit growth ingest_1 ingest_100 ingest_4096 verify_bundle verify_bundle_cores"
is "$(jq '[.points[].figures[] | select(has("at_least") or has("at_most")) |
    select(.met != (if has("at_least") then (.ratio // .value) >= .at_least
                    else (.ratio // .value) <= .at_most end))] | length' bench.json)" 0
# An entry for each event, and the ledger grew by what was asked for.
is "$(jq -c '[.points[] | .entries - .events]' bench.json)" '[0,0]'
is "$(ls -A here)" ''

expect 0 "$QP_SOURCE/tests/bench/plot" bench.json curves
is "$(cat out)" curves/curves.svg
is "$(grep -c '<polyline' curves/curves.svg)" "$(jq '.points[0].figures | length' bench.json)"
xmllint --noout curves/curves.svg || fail 'the curves are no XML'
echo '{}' >empty.json
expect 3 "$QP_SOURCE/tests/bench/plot" empty.json curves
says 'empty.json' err

# The table has a row for each of them, in 80 columns.
says '^THIS MACHINE, [0-9]* CORES' table
says '^EVENTS IN THE LEDGER  *2100  *2500  AIM' table
for row in 'statements of 1 event' 'audit the ledger' 'prove 1,000 ancestors' 'over bytes submitted'; do
    says "^  *$row  *[0-9]" table
done
if grep -n '.\{81\}' table; then
    fail 'wider than 80 columns'
fi

# What is asked wrongly is refused before anything begins.
for wrong in '--events 100' '--events 5000 --events 4000' '--events 1e4' '--large --quick' '--rounds 100'; do
    # shellcheck disable=SC2086 # an option and its value
    expect 2 quipu bench --dir here $wrong
    [ ! -s out ] || fail "something was measured: $wrong"
done
expect 4 quipu bench --quick --dir nowhere
says 'nowhere' err

# Interrupted, it takes its folder away.
quipu bench --quick --dir here >out 2>err &
bench=$!
until [ -n "$(ls -A here)" ]; do
    kill -0 $bench 2>/dev/null || fail 'it ended before it began'
    sleep 0.05
done
kill -TERM $bench
got=0
wait $bench || got=$?
is "$got" 4
says 'interrupted' err
is "$(ls -A here)" ''
