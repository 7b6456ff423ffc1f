# The main job: a season from the first key to the importer's desk, with the program under test.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/demo.sh"

result() {
    jq -r --arg line "$1" '.lines[] | select(.name == $line) | .result' out
}

# Every party has what it signed, and a receipt for each statement; nothing was rejected.
statements=0
for laptop in demo/*/out; do
    party=$(basename "$(dirname "$laptop")")
    [ ! -e "demo/$party/rejected" ] || fail "something of $party was rejected"
    signed=$(quipu journal --json --ledger demo/ledger.json "demo/$party/$party.key" | wc -l)
    # The opening is the chamber's first statement; nobody hands it over.
    [ "$party" != camara-cafe ] || signed=$((signed - 1))
    if [ "$signed" -gt 0 ]; then
        is "$party: $(find "demo/$party/receipts" -name '*.tlog-proof' | wc -l)" "$party: $signed"
    fi
    statements=$((statements + signed))
done
expect 0 quipu stats --json demo/ledger
is "$(jq '.entries' out)" "$((statements + 1))"

# Handed over once more, everything gets its receipt again and the ledger does not grow.
expect 0 quipu submit --json demo/ledger --log-key demo/camara-cafe/log.key demo/*/out/*.qst
is "$(jq -c 'select(.result == "done") | [.admitted, .known, .refused]' out)" "[0,$statements,0]"
expect 0 quipu audit demo/ledger

# The importer: one file, one policy, nothing else, and no network where that can be had.
mkdir desk
cp demo/importer/shipment.quipu demo/importer/cocoa.quipu demo/importer/policy.json \
    demo/importer/organic.json desk/
cd desk
offline=
if unshare -rn true 2>/dev/null; then
    offline='unshare -rn'
fi
for bundle in shipment cocoa; do
    expect 0 $offline quipu verify --json $bundle.quipu --policy policy.json
    is "$(jq -r .verdict out)" PASS
    for line in authentic authorised unbroken conserved located deforestation-free current; do
        is "$bundle, $line: $(result $line)" "$bundle, $line: PASS"
    done
    cp out $bundle.json
done
is "$(jq -c '[.shipment, .goods.net_grams, .goods.bags]' shipment.json)" \
    '["puerto-verde/SH-2026-01",39606000,574]'
is "$(jq -c '[.shipment, .goods.net_grams, .goods.bags]' cocoa.json)" \
    '["puerto-verde/SH-2026-02",12480000,195]'
expect 0 $offline quipu verify shipment.quipu cocoa.quipu --policy policy.json
says '^VERDICT: PASS' out
# The cocoa is organic all the way, by who its importer trusts for that; the coffee is not.
expect 0 $offline quipu verify --json cocoa.quipu --policy organic.json
is "$(jq -c '[.claims[] | [.name, .result, .required]]' out)" \
    '[["certificate:eu-organic","PASS",true],["footprint","PASS",true],["circular","NOT SHOWN",false]]'
is "$(jq -c '[.claims[].numbers | .events, .covered, .certificates, .g_per_kg, .waste_grams | values]' out)" \
    '[215,215,2,1013,26500]'
says 'Reglamento (UE) 2018/848: cacao en grano' out
expect 1 $offline quipu verify --json shipment.quipu --policy organic.json
is "$(jq -c '[.claims[] | [.name, .result]]' out)" \
    '[["certificate:eu-organic","NOT SHOWN"],["footprint","NOT SHOWN"],["circular","NOT SHOWN"]]'
says 'no certificate of eu-organic is shown that selva-central holds' out
expect 0 quipu export shipment.quipu --policy policy.json --format traces-geojson -o plots.geojson
is "$(jq '.features | length' plots.geojson)" \
    "$(jq '.lines[] | select(.name == "located") | .numbers.plots' shipment.json)"
# The plots whose harvest was set apart are in neither shipment.
expect 0 quipu trace --json ../demo/ledger puerto-verde/SH-2026-01
says 'selva-central/C-0001' out
says_not 'selva-central/C-0012' out
says_not 'selva-central/C-0022' out
expect 0 quipu trace --json ../demo/ledger puerto-verde/SH-2026-02
says_not 'alto-mayo/K-0011' out

# A policy that trusts no assessor, or another one, or another registrar.
jq 'del(.assessors)' policy.json >nobody.json
expect 1 quipu verify --json shipment.quipu --policy nobody.json
is "$(jq -r .verdict out)" FAIL
is "$(result deforestation-free)" 'NOT SHOWN'
plots=$(jq '.lines[] | select(.name == "located").numbers.plots' out)
is "$(jq -c '.contamination | [(.sources | length), .more, .touched_grams]' out)" \
    "[20,$((plots - 20)),$(jq .goods.net_grams out)]"
expect 1 quipu verify shipment.quipu --policy nobody.json
is "$(grep -c '^    plot .* (NOT SHOWN: ' out)" 5
says "^    and $((plots - 5)) more\$" out
jq '.assessors = ["certi-andes"]' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^VERDICT: FAIL (required: deforestation-free)' out
jq '.registrars = ["certi-andes"]' policy.json >registrar.json
expect 1 quipu verify --json shipment.quipu --policy registrar.json
is "$(result authorised)" FAIL

# A policy for another ledger; a bundle that is cut, changed, or none at all.
cd ..
mkdir elsewhere
cd elsewhere
ledger
quipu policy new --ledger ledger --assessor amazonia-geo -o ../desk/elsewhere.json
cd ../desk
expect 1 quipu verify --json shipment.quipu --policy elsewhere.json
is "$(result authentic)" FAIL
head -c 200000 shipment.quipu >cut.quipu
expect 3 quipu verify cut.quipu --policy policy.json
expect 3 quipu verify plots.geojson --policy policy.json
{
    head -c 100000 shipment.quipu
    printf '\377'
    tail -c +100002 shipment.quipu
} >changed.quipu
cmp -s changed.quipu shipment.quipu && fail "the byte is what it was"
got=0
quipu verify changed.quipu --policy policy.json >out 2>err || got=$?
[ "$got" -eq 1 ] || [ "$got" -eq 3 ] || fail "status $got for a changed byte"

# What the exporter keeps back is not shown, and a checkpoint grows old.
expect 0 quipu prove ../demo/ledger puerto-verde/SH-2026-01 --disclose none -o sealed.quipu
expect 1 quipu verify --json sealed.quipu --policy policy.json
is "$(result located)" 'NOT SHOWN'
is "$(result conserved)" PASS
expect 1 quipu verify --json shipment.quipu --policy policy.json --now 2028-01-01T00:00:00Z
is "$(result current)" FAIL
expect 1 quipu prove ../demo/ledger puerto-verde/SH-2026-09 -o none.quipu

# The assessor takes one plot back: the old bundle cannot know, a new one says so.
cat >loss.csv <<'END'
plot,date,outcome,assessed_m2,forest_m2,loss_m2,nodata_ppm
alto-mayo/C-0001,2026-11-09,loss,5640,100,100,0
END
geo=../demo/amazonia-geo
expect 0 quipu import assessments --key $geo/amazonia-geo.key \
    --method-file "$SAMPLE/assessment.json" --plots $geo/in/plots-alto-mayo.qst -o loss.qst loss.csv
expect 0 quipu submit ../demo/ledger --log-key ../demo/camara-cafe/log.key loss.qst
expect 0 quipu verify shipment.quipu --policy policy.json
expect 0 quipu prove ../demo/ledger puerto-verde/SH-2026-01 -o later.quipu
expect 1 quipu verify --json later.quipu --policy policy.json
is "$(result deforestation-free)" FAIL
jq -r '.lines[].reasons[]' out >reasons
says 'alto-mayo/C-0001' reasons
