# Files and names made to hurt: nothing of them reaches the terminal, leaves its folder, or takes
# more memory or time than a word of refusal does.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season 2>/dev/null

# ---- Text that plays with the terminal ----
# The format lets no control character in, but what moves text about is text: overrides and
# isolates of direction, widths of nothing, line separators.
evil() {
    jq -rn --arg name "$1" \
        '$name + "\u202e\u2066\u200b\u2028\ufeff\u061c" + "evil" + "\u2069\u202c"'
}

# tame FILE: no control but the line's end, and nothing that moves text about.
tame() {
    if LC_ALL=C grep -n -a -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf' "$1"; then
        fail "raw controls in $1"
    fi
}

# told COMMAND...: whatever its answer, it is tame, and it is about the evil name.
told() {
    "$@" >out 2>err || [ $? -le 4 ] || fail "status: $*"
    tame out
    tame err
}

key evil
jq -n --arg key "$(public_key evil)" --arg name "$(evil Sociedad)" '{occurred: "2026-02-02",
    party_enrolled: {party: "evil-sac", legal_name: $name, country: "PE", roles: ["inspector"],
    key: $key}}' | quipu sign --key operator.key -o party.qst - >/dev/null
jq -n --arg name "$(evil x)" '[
    {occurred: "2026-07-05", place: {name: $name}, lot_inspected: {lot: "cafe-sur/V-0001",
        inspection: $name, measurements: [{name: $name, micro_units: 1, unit: "%"}],
        outcome: "failed"}},
    {occurred: "2026-07-06", document_attached: {subject: {kind: "shipment",
        id: "cafe-sur/SH-0001"}, title: $name, number: $name, heads: ["labour"],
        evidence: "declared"}}]' >evil.json
jq -n --arg name "$(evil x)" '{occurred: "2026-07-06", lot_recalled: {lot: "cafe-sur/V-0001",
    reason: $name}}' | quipu sign --key exporter.key -o recall.qst - >/dev/null
expect 0 submit party.qst
expect 0 quipu sign --key evil.key --ledger ledger -o evil.qst evil.json
expect 0 submit evil.qst recall.qst
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null 2>&1
quipu policy new --ledger ledger --assessor geo-andes -o policy.json
for subject in evil-sac cafe-sur/V-0001 cafe-sur/SH-0001; do
    told quipu show ledger "$subject"
    told quipu trace ledger "$subject"
    told quipu impact ledger "$subject"
done
told quipu show ledger evil-sac
says 'evil' out
told quipu show ledger cafe-sur/V-0001
says 'evil' out
told quipu log ledger
told quipu stats ledger
told quipu audit ledger
told quipu journal evil.key
told quipu journal exporter.key
told quipu events
told quipu verify shipment.quipu --policy policy.json
for line in authentic authorised unbroken conserved located deforestation-free legal current; do
    told quipu explain shipment.quipu "$line" --policy policy.json
done
told quipu explain shipment.quipu legal --policy policy.json
# In the words of errors: names of files, of parties, of what a policy or a draft asks for.
name=$(evil none)$(printf '\033[2J\302\233')
told quipu verify "$name" --policy policy.json
told quipu show ledger "$name"
told quipu verify shipment.quipu --policy "$name"
told quipu key show "$name"
told quipu submit "$name" --log-key log.key
told quipu "$name"
told quipu show ledger --"$name"
jq --arg name "$name" '.require += [$name]' policy.json >named.json
told quipu verify shipment.quipu --policy named.json
jq -n --arg name "$name" '{occurred: "2026-07-06", ($name): {lot: $name}}' >draft.json
told quipu sign --key evil.key --ledger ledger -o none.qst draft.json
jq -n --arg name "$name" '{occurred: "2026-07-06", lot_recalled: {lot: $name, reason: $name}}' >draft.json
told quipu sign --key evil.key --ledger ledger -o none.qst draft.json
{
    head -n 1 deliveries.csv
    echo "$name,2026-06-05,$name,C-0001,$name,parchment,500,kg,2026,RA-1,,,,"
} >evil.csv
told quipu import deliveries --key coop.key --party coop-norte -o none.qst evil.csv
{
    head -n 1 deliveries.csv | tr , ';'
    echo "$name"
} >evil.csv
told quipu import deliveries --key coop.key --party coop-norte -o none.qst evil.csv
jq --arg name "$name" '.features[0].properties.plot = $name' plots.geojson >evil.geojson
told quipu import plots --key coop.key --party coop-norte -o none.qst evil.geojson
told quipu survey evil.geojson
printf 'quipu secret key v1\nname: %s\npublic: x\n' "$name" >evil.text
chmod 600 evil.text
told quipu key show evil.text
told quipu sign --key evil.text --ledger ledger -o none.qst draft.json

# ---- Files that are not what they say ----
gzip -k shipment.quipu
expect 3 quipu verify shipment.quipu.gz --policy policy.json
says 'gzip' err
# Sanitizers want all addresses there are; without them 1 GB does, for whatever is read.
limit=unlimited
if sh -c 'ulimit -v 1000000 && quipu version' >/dev/null 2>&1; then
    limit=1000000
fi
# Zeros by the gigabyte behind a good beginning: told from the beginning, or refused by the limit.
for what in 'quipu/bundle/v1' 'quipu/submission/v1' 'quipu/fork/v1' 'quipu secret key v1' '{' '['; do
    printf '%s\n' "$what" >huge
    truncate -s 5G huge
    (
        ulimit -v "$limit"
        told quipu verify huge --policy policy.json
        told quipu sign --key evil.key --ledger ledger -o none.qst huge
        told quipu key show huge
        told quipu verify shipment.quipu --policy huge
    )
done
rm huge
# A record that says that it has 4 GiB behind it.
printf 'quipu/submission/v1\n\377\377\377\377' >long.qst
expect 3 submit long.qst
says '67108864\|64 MiB\|4294967295' err
# Lengths of 2^63 in a bundle, and more entries than there are bytes.
printf 'quipu/bundle/v1\n\012\377\377\377\377\377\377\377\377\177' >long.quipu
expect 3 quipu verify long.quipu --policy policy.json

# ---- Deep nesting ----
deep() {
    head -c 100000 /dev/zero | tr '\0' "$1"
}
deep '[' >deep.json
expect 3 quipu sign --key evil.key --ledger ledger -o none.qst deep.json
expect 3 quipu verify shipment.quipu --policy deep.json
expect 3 quipu survey deep.json
{
    printf '{"type":"Polygon","coordinates":'
    deep '['
    deep ']'
    printf '}'
} >deep.geojson
expect 3 quipu survey deep.geojson
expect 3 quipu import plots --key coop.key --party coop-norte -o none.qst deep.geojson
deep '{' | sed 's/{/{"a":/g' >deep.json
expect 3 quipu sign --key evil.key --ledger ledger -o none.qst deep.json
expect 3 quipu verify shipment.quipu --policy deep.json

# ---- Cells that a spreadsheet would run ----
for name in '=1+2' '+1' '-1' '@SUM(A1)' "$(printf '\t=1')" "$(printf '\r=1')"; do
    jq -n --arg name "$name" '{occurred: "2026-07-07", document_attached: {subject: {kind: "plot",
        id: "coop-norte/C-0001"}, title: $name, number: $name, heads: ["land_use"],
        evidence: "declared"}}' >title.json
    if quipu sign --key coop.key --ledger ledger -o title.qst title.json >/dev/null 2>&1; then
        submit title.qst >/dev/null
    fi
done
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null 2>&1
quipu export shipment.quipu --policy policy.json --format art9-csv -o tables >/dev/null 2>&1 || true
[ -n "$(ls tables/*.csv)" ] || fail 'no tables'
if grep -n -E '(^|,|")[=+@]|(^|,)"?-[^0-9]' tables/*.csv; then
    fail 'a cell begins as a formula'
fi
grep -q "'=1+2" tables/*.csv || fail 'the formula is not in the tables at all'

# ---- Names that become files ----
# A row of a table names a key file: it stays in the folder of the table, or in --keys.
mkdir -p keys/below
key outside
key below
key dots
mv below.vkey keys/below/evil.vkey
mv dots.vkey keys/..evil.vkey
for name in ../outside.vkey "$PWD/outside.vkey" below/../../outside.vkey ..; do
    {
        echo 'party,legal_name,country,ruc,gln,roles,vkey_file,address,email,phone'
        echo "new-sac,New SAC,PE,,,carrier,$name,,,"
    } >keys/parties.csv
    for option in '' '--keys keys'; do
        # shellcheck disable=SC2086 # the option may be none
        expect 1 quipu import parties --key operator.key --ledger ledger -o none.qst $option \
            keys/parties.csv
        says 'outside the folder' err
    done
done
for name in below/evil.vkey ..evil.vkey; do
    party=new-$(echo "$name" | tr -d ./)
    {
        echo 'party,legal_name,country,ruc,gln,roles,vkey_file,address,email,phone'
        echo "$party,New SAC,PE,,,carrier,$name,,,"
    } >keys/parties.csv
    expect 0 quipu import parties --key operator.key --ledger ledger -o none.qst --keys keys \
        keys/parties.csv
done
# An id holds no path: it is not in the format.
for id in '../x' 'coop-norte/../x' 'coop-norte/.x' 'coop-norte/a/b' '/coop-norte/x' '-coop/x'; do
    jq -n --arg id "$id" '{occurred: "2026-07-06", lot_recalled: {lot: $id, reason: "none"}}' >id.json
    expect 3 quipu sign --key coop.key --ledger ledger -o none.qst id.json
done
# What is refused is kept under the name of its file, inside the folder: also from stdin, and from
# a file whose name begins like an option.
jq '.[0:1]' evil.json | quipu sign --key evil.key --ledger ledger -o refused.qst - >/dev/null
cp refused.qst ./--log-key.qst
for from in ./--log-key.qst "../$(basename "$PWD")/refused.qst"; do
    expect 1 submit --rejected kept --receipts receipts "$from"
done
expect 1 submit --rejected kept --receipts receipts - <refused.qst
is "$(cd kept && echo *.qst)" '--log-key-1.qst refused-1.qst stdin-1.qst'
is "$(find . -name '*-1.txt' | grep -c -v '^./kept/')" 0
