# A due-diligence statement: what the bundle knows, what the importer adds, and what is missing.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null
quipu policy new --ledger ledger --assessor geo-andes -o policy.json

dds() {
    quipu export --policy policy.json --format dds-xml "$@"
}

# Without the importer: every missing field by name, and no file.
expect 1 dds shipment.quipu -o none.xml
for field in operatorRole activityType countryOfActivity borderCrossCountry \
    geoLocationConfidential; do
    says "^quipu: missing: dds:$field, " err
done
says '^quipu: 5 fields are missing.*\[DDS-MISSING\]$' err
[ ! -e none.xml ] || fail 'a file in spite of it'
expect 1 dds shipment.quipu --json -o none.xml
is "$(jq -r 'select(.missing) | .missing' err | wc -l)" 5
is "$(jq -r 'select(.rule) | .rule' err)" DDS-MISSING
expect 0 dds shipment.quipu --draft -o draft.xml
is "$(grep -c '<!-- missing: ' draft.xml)" 5

# The names, with their namespaces, in the order of the reference.
cat >operator.json <<'END'
{"operatorRole": "REPRESENTATIVE_OPERATOR", "internalReferenceNumber": "HH-2026-0117",
 "activityType": "IMPORT", "countryOfActivity": "DE", "borderCrossCountry": "NL",
 "comment": "Lot <7> & \"more\"",
 "representedOperator": {
   "operatorReferenceNumber": {"identifierType": "eori", "identifierValue": "DE123456789012345"},
   "operatorAddress": {"country": "DE", "street": "Speicherstraße 1", "postalCode": "20457",
     "city": "Hamburg"},
   "operatorEmail": "einfuhr@hanse.example", "operatorPhone": "+49 40 0000",
   "operatorName": "Hanse Kaffee"},
 "supplementaryUnit": 6, "supplementaryUnitQualifier": "NAR",
 "geoLocationConfidential": true, "groupedDeclarations": ["26DE7XTVCZAQ2S"]}
END
expect 0 dds shipment.quipu --operator operator.json -o dds.xml
[ ! -s err ] || fail 'something was said'
expect 0 dds shipment.quipu --operator operator.json --json -o again.xml
is "$(jq -c '[.file, .producers, .unnamed, .plots, .left_out]' out)" '["again.xml",1,0,1,0]'
cmp -s dds.xml again.xml || fail 'another file with --json'
is "$(sed -n 's/^ *<\([a-zA-Z]*:[a-zA-Z]*\).*/\1/p' dds.xml | tr '\n' ' ')" "dds:SubmitDdsRequest \
dds:operatorRole dds:statement dds:internalReferenceNumber dds:activityType dds:representedOperator \
eudrCommon:operatorReferenceNumber eudrCommon:identifierType eudrCommon:identifierValue \
eudrCommon:operatorAddress eudrCommon:country eudrCommon:street eudrCommon:postalCode \
eudrCommon:city eudrCommon:operatorEmail eudrCommon:operatorPhone eudrCommon:operatorName \
dds:countryOfActivity dds:borderCrossCountry dds:comment dds:commodities dds:position \
dds:descriptors eudrCommon:descriptionOfGoods eudrCommon:goodsMeasure eudrCommon:netWeight \
eudrCommon:supplementaryUnit eudrCommon:supplementaryUnitQualifier dds:hsHeading dds:speciesInfo \
dds:scientificName dds:commonName dds:producers dds:position dds:country dds:name \
dds:geometryGeojson dds:geoLocationConfidential dds:groupedDeclarations \
eudrCommon:groupedDeclaration "
says '<dds:comment>Lot &lt;7&gt; &amp; "more"</dds:comment>' dds.xml
says '<eudrCommon:netWeight>390</eudrCommon:netWeight>' dds.xml
says '<dds:hsHeading>090111</dds:hsHeading>' dds.xml
says '<dds:scientificName>Coffea arabica</dds:scientificName>' dds.xml
says "<dds:name>$(sed -n 2p producers.csv | cut -d , -f 2)</dds:name>" dds.xml

# The producer's plots are the file of type I.
quipu export --policy policy.json --format traces-geojson --type I shipment.quipu -o producers \
    2>/dev/null
sed -n 's/.*<dds:geometryGeojson>\(.*\)<.*/\1/p' dds.xml | base64 -d >plots.json
cmp -s plots.json producers/coop-norte_P-0001.geojson || fail 'other plots than those of type I'

# A name that is not disclosed is left out, and that is said.
quipu prove ledger cafe-sur/SH-0001 -o unnamed.quipu --disclose geometry >/dev/null
expect 0 dds unnamed.quipu --operator operator.json
says_not '<dds:name>' out
says 'without a name' err

# The operator's file is read strictly.
refuse_operator() {
    jq "$1" operator.json >wrong.json
    expect 3 dds shipment.quipu --operator wrong.json
    says "$2" err
}
refuse_operator '.operatorRol = "OPERATOR"' 'no member "operatorRol"'
refuse_operator '.operatorRole = "TRADER"' 'operatorRole.*one of: OPERATOR'
refuse_operator '.internalReferenceNumber = "x" * 36' 'internalReferenceNumber.*35'
refuse_operator '.countryOfActivity = "PE"' 'countryOfActivity'
refuse_operator '.borderCrossCountry = "de"' 'borderCrossCountry'
refuse_operator '.comment = "x" * 2001' 'comment.*2000'
refuse_operator '.comment = "a\nb"' 'control character'
refuse_operator '.representedOperator.operatorAddress.town = "X"' 'no member "town"'
refuse_operator '.representedOperator.operatorReferenceNumber.identifierType = "vat"' 'EORI'
refuse_operator 'del(.supplementaryUnit)' 'go together'
refuse_operator '.hsHeading = "09.01"' 'hsHeading.*digits'
refuse_operator '.geoLocationConfidential = "yes"' 'true or false'
refuse_operator '[.]' 'must be an object'
jq 'del(.representedOperator.operatorAddress.city)' operator.json >no-city.json
expect 1 dds shipment.quipu --operator no-city.json
says 'missing: eudrCommon:city' err

# Goods that are not in Annex I need no statement.
jq '.hsHeading = "210111"' operator.json >soluble.json
expect 1 dds shipment.quipu --operator soluble.json
says '\[DDS-COMMODITY\]' err

command -v xmllint >/dev/null || { echo 'skipped: well-formedness, xmllint is not there'; exit 0; }
expect 0 xmllint --noout --nonet dds.xml draft.xml
