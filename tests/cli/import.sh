# Imports: every row judged, all or nothing, bad rows in a file of their own.
. "$(dirname "$0")/lib.sh"
key coop
id=$(printf '%064d' 7)
import() {
    kind=$1
    shift
    quipu import "$kind" --key coop.key --party alto-mayo --ledger "$id" "$@"
}
statements() {
    quipu journal coop.key --ledger "$id" --json | wc -l
}

expect 0 import producers -o producers.qst "$SAMPLE/producers-alto-mayo.csv"
says '34 events signed in 1 statement' out
expect 0 import plots -o plots.qst --at 2026-02-05 "$SAMPLE/plots-alto-mayo.geojson"
expect 0 import deliveries -n "$SAMPLE/deliveries-alto-mayo.csv"
is "$(statements)" 2
expect 0 import deliveries -o deliveries.qst "$SAMPLE/deliveries-alto-mayo.csv"
is "$(statements)" 3
expect 0 quipu journal coop.key --events
is "$(jq -r 'select(.event.plot_registered) | .event.occurred' out | sort -u)" 2026-02-05T00:00:00Z
# Names, documents and prices are sealed.
says_not 'Coronel' out
says_not '99033951' out

# A second time it is all known, and nothing is signed.
expect 1 import deliveries -o again.qst "$SAMPLE/deliveries-alto-mayo.csv"
says 'nothing was signed: 686 of 686 rows are wrong' err
[ ! -e again.qst ] || fail "signed twice"
is "$(statements)" 3

says 'and 666 more rows like: lot alto-mayo/E-' err
is "$(grep -c '^deliveries-alto-mayo.csv  line ' err)" 20
says '686 of the rows were signed before, from statement 2 on; "quipu journal \-\-export \-\-from 2"' err

# One wrong row: the line, the reason, nothing signed; then the good rows, and the bad ones apart.
{
    head -n 1 "$SAMPLE/deliveries-alto-mayo.csv"
    sed -n '2s/^[^,]*/X-1/p' "$SAMPLE/deliveries-alto-mayo.csv"
    sed -n '3s/^[^,]*/X-2/p' "$SAMPLE/deliveries-alto-mayo.csv" | sed 's/7.6/-7.6/'
} >rows.csv
expect 1 import deliveries -o rows.qst rows.csv
says 'rows.csv  line 3 ' err
says 'nothing was signed: 1 of 2 rows is wrong; mend it, or give --skip-bad FILE' err
expect 1 import plots -o rows.qst "$SAMPLE/bad/plot-repeated-at-six-decimals.geojson"
sed '/^quipu: /d' err >table
[ "$(wc -l <table)" -gt 2 ] || fail "a long reason does not wrap"
if grep -n '.\{81\}' table; then
    fail "wider than 80 columns"
fi
expect 1 import deliveries --json -o rows.qst rows.csv
is "$(jq -r 'select(.place) | "\(.file) \(.unit) \(.place) \(.warning)"' err)" 'rows.csv line 3 false'
is "$(jq -c '[.rows, .good, .bad]' out)" '[2,1,1]'
is "$(jq -r 'select(.error) | .error' err)" refused
expect 0 import deliveries --skip-bad bad.csv --dry-run rows.csv
[ ! -e bad.csv ] || fail "a dry run wrote"
expect 0 import deliveries --skip-bad bad.csv -o rows.qst rows.csv
is "$(sed -n 2p bad.csv | cut -d, -f1)" X-2
is "$(wc -l <bad.csv)" 2
expect 0 quipu journal coop.key --events --from 3
is "$(jq -r .event.lot_harvested.lot out)" alto-mayo/X-1

# Not such a table at all.
expect 3 import deliveries -o x.qst "$SAMPLE/plots-alto-mayo.geojson"
expect 3 import plots -o x.qst "$SAMPLE/producers-alto-mayo.csv"
expect 4 import plots -o x.qst nowhere.geojson
expect 2 import producers --at never -o x.qst "$SAMPLE/producers-selva-central.csv"
expect 2 quipu import producers --key coop.key -o x.qst "$SAMPLE/producers-selva-central.csv"
says '\-\-party' err

# Every file of the folder of bad inputs is refused, in the words that its table promises, and
# nothing is signed.
bad_import() {
    case $1 in
    parties) quipu import parties --key coop.key --ledger "$id" --json -o x.qst "$2" ;;
    assessments)
        quipu import assessments --key coop.key --ledger "$id" --json -o x.qst \
            --method-file "$SAMPLE/assessment.json" --plots plots.qst "$2"
        ;;
    *) import "$1" --json -o x.qst "$2" ;;
    esac
}
before=$(statements)
sed -n 's/^| \([a-z0-9-]*\.[a-z]*\) | \([a-z]*\) |.*| \([^|]*\) |$/\1 \2 \3/p' \
    "$SAMPLE/bad/README.md" >table
is "$(wc -l <table)" "$(find "$SAMPLE/bad" -name '*.csv' -o -name '*.geojson' | wc -l)"
while read -r file kind words; do
    got=0
    bad_import "$kind" "$SAMPLE/bad/$file" >out 2>err </dev/null || got=$?
    case $got in
    1 | 3) ;;
    *) fail "status $got for $file" ;;
    esac
    is_json err
    grep -qiF -e "$words" err || fail "$file: not said: $words"
done <table
is "$(statements)" "$before"
[ ! -e x.qst ] || fail "signed from a bad file"

# A dry run and a failed import write nothing; without its journal a key signs nothing.
key new
ls -a new.journal >before
import_new() {
    kind=$1
    shift
    quipu import "$kind" --key new.key --ledger "$id" "$@"
}
expect 0 import_new producers --party alto-mayo -n "$SAMPLE/producers-alto-mayo.csv"
expect 0 quipu import producers --key new.key --party alto-mayo -n "$SAMPLE/producers-alto-mayo.csv"
expect 1 import_new deliveries --party alto-mayo -o x.qst "$SAMPLE/deliveries-alto-mayo.csv"
says 'is not registered by this key.*' err
ls -a new.journal | cmp -s - before || fail "something was written into the journal"
rmdir new.journal
expect 0 import_new producers --party alto-mayo -n "$SAMPLE/producers-alto-mayo.csv"
expect 2 import_new producers --party alto-mayo -o x.qst "$SAMPLE/producers-alto-mayo.csv"
says 'bring its journal, or say \-\-new-journal' err
[ ! -e new.journal ] || fail "a journal was made"
expect 0 import_new producers --party alto-mayo --new-journal -o x.qst \
    "$SAMPLE/producers-alto-mayo.csv"

# The party of the first signing is the party; a key named for another is worth a word.
expect 2 import_new plots --party altomayo -o x.qst "$SAMPLE/plots-alto-mayo.geojson"
says 'this key has signed as alto-mayo' err
expect 0 import_new plots --party alto-mayo -o x.qst "$SAMPLE/plots-alto-mayo.geojson"
says_not 'named' err
key selva-central
expect 0 quipu import producers --key selva-central.key --party selva-centrl --ledger "$id" -n \
    "$SAMPLE/producers-selva-central.csv"
says 'the key is named selva-central, but \-\-party is selva-centrl' err
for party in k Camara; do
    expect 2 import_new plots --party $party -n "$SAMPLE/plots-alto-mayo.geojson"
done
says 'small letters only' err

# More than a plot can give: a warning, and with the ledger's rules a wrong row.
{
    head -n 1 "$SAMPLE/deliveries-alto-mayo.csv"
    echo 'X-1,2026-06-10,P-0001,C-0001,coffee,cherry,90,t,2026,,,,2026-06-08,2026-06-09'
} >much.csv
expect 0 import_new deliveries --party alto-mayo -n much.csv
says '(taken) plots: alto-mayo/C-0001 has given 15030 kg' err
expect 1 import_new deliveries --party alto-mayo -n much.csv \
    --rules "$SAMPLE/../rulesets/pe-2026.json"
says 'would have given 15030 kg' err
expect 3 import_new deliveries --party alto-mayo -n much.csv --rules much.csv
expect 0 import_new deliveries --party alto-mayo -o x.qst "$SAMPLE/deliveries-alto-mayo.csv" \
    --rules "$SAMPLE/../rulesets/pe-2026.json"

# A workbook is named for what it is.
printf 'PK\003\004...' >table.xlsx
expect 3 import_new deliveries --party alto-mayo -n table.xlsx
says 'this is an Excel workbook' err

# Help and page list every role that there is, and what each may sign is in the page.
quipu import parties --help | tr -cs 'a-z_' '\n' >words
sed -n 's/^ *ROLE_\([A-Z]*\) = [1-9].*/\1/p' "$QP_SOURCE/proto/quipu/v1/party.proto" |
    tr 'A-Z' 'a-z' >roles
is "$(wc -l <roles)" 14
while read -r role; do
    grep -qx "$role" words || fail "import parties --help does not name the role $role"
    grep -q "^\.It Cm $role\$" "$QP_SOURCE/tools/man/quipu-import.1" ||
        fail "quipu-import.1 does not say what the role $role may sign"
done <roles
