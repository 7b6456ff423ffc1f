# What Article 9 has kept: one JSON object, and tables that say the same.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
jq -n '{occurred: "2026-06-30", document_attached: {subject: {kind: "plot",
    id: "coop-norte/C-0001"}, title: "=Constancia, \"de posesión\"", number: "CP-17",
    heads: ["land_use"], evidence: "declared"}}' |
    quipu sign --key coop.key -o document.qst - >/dev/null
submit document.qst >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o sealed.quipu --disclose none >/dev/null
quipu policy new --ledger ledger --assessor geo-andes -o policy.json

art9() {
    format=$1
    shift
    quipu export --policy policy.json --format "$format" "$@"
}

get() {
    jq -r "$1" record/art9.json
}

expect 2 art9 art9 shipment.quipu
says '\-o DIR' err
expect 0 art9 art9 shipment.quipu -o record
is_json record/art9.json
is "$(get .bundle_sha256)" "$(sha256sum shipment.quipu | cut -d ' ' -f 1)"
is "$(get '.verdict, .shipment, .exporter, .importer' | tr '\n' ' ')" \
    'PASS cafe-sur/SH-0001 cafe-sur hanse '
is "$(get '.countries_of_production | join(",")')" PE
is "$(get '.goods | "\(.hs_code) \(.net_grams) \(.usual_species)"')" '090111 390000 Coffea arabica'
is "$(get '.parties[] | select(.party == "coop-norte") | .legal_name')" 'Sociedad coop-norte'
is "$(get '.hand_overs[] | "\(.from) \(.to) \(.grams) \(.received_grams)"')" \
    'coop-norte cafe-sur 500000 499500'
is "$(get '.harvests[] | "\(.plot) \(.from) \(.to) \(.crop_year) \(.buyer) \(.grams)"')" \
    'coop-norte/C-0001 2026-05-20 2026-05-28 2026 coop-norte 500000'
is "$(get '.assessments[] | "\(.assessor) \(.trusted) \(.outcome) \(.datasets[0].name)"')" \
    'geo-andes true no_loss Forest map 2020'
is "$(get '.documents[] | "\(.number) \(.level) \(.heads[0]) \(.by)"')" \
    'CP-17 declared land_use coop-norte'
is "$(get '.legality | length')" 8
is "$(get '.plots[0].geometry.type')" Polygon
is "$(get '.producers[0].name')" "$(sed -n 2p producers.csv | cut -d , -f 2)"
# Nobody's identity document, and what is sealed stays so.
says_not "$(sed -n 2p producers.csv | cut -d , -f 3)" record/art9.json

# The tables; a title that a spreadsheet would run is made harmless.
is "$(find record -name '*.csv' | wc -l)" 12
for name in harvests assessments parties plots producers documents legality hand_overs; do
    rows=$(($(wc -l <record/$name.csv) - 1))
    is "$name: $rows" "$name: $(get ".$name | length")"
done
says "'=Constancia" record/documents.csv
says '^coop-norte/C-0001,2026-05-20,2026-05-28,2026,' record/harvests.csv

expect 0 art9 art9-json shipment.quipu
cmp -s out record/art9.json || fail 'art9-json is something else than art9.json'
expect 0 art9 art9-csv shipment.quipu --json -o tables
is "$(jq -r .file out | sort)" "$(find tables -type f | sort)"
[ ! -s err ] || fail 'words on stderr with --json'
[ ! -e tables/art9.json ] || fail 'JSON among the tables'
cmp -s tables/plots.csv record/plots.csv || fail 'other tables'

# What is not disclosed is empty, and the record says what does not pass.
expect 0 art9 art9-json sealed.quipu
says 'the verdict of this bundle is FAIL' err
is "$(jq -r '.plots[0].geometry, .producers[0].disclosed, .producers[0].name' out | tr '\n' ' ')" \
    'null false  '
is "$(jq -r '.lines[] | select(.line == "located") | .result' out)" 'NOT SHOWN'
jq '.ledger_id = ("0" * 64)' policy.json >other.json
expect 1 quipu export --policy other.json --format art9-json shipment.quipu
[ ! -s out ] || fail 'a record of a bundle that is not authentic'
