# Copying a ledger, making one of the copy, and what has to be shown before that one signs.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"

# A first backup while the season is young, a second one when it is over.
season_parties
season_land
expect 0 quipu backup ledger copy
says '^added 11 entries, .* in 1 file$' out
expect 0 quipu backup ledger copy
says '^nothing is new; copy has 11 entries in 1 file$' out
cp -r copy early
season_trade
size=$(quipu stats --json ledger | jq .entries)
expect 0 quipu backup --json ledger copy
is "$(jq -c '[.files, .entries, .entries_added, .contents_added]' out)" \
    "[2,$size,$((size - 11)),0]"

# What comes back is the ledger, to the byte: the same entries, receipts, contents, bundles.
expect 0 quipu restore copy again
says "^entries  *$size$" out
says 'quipu resume' out
expect 0 quipu audit again
says '^SOUND: ' out
for entry in 0 5 $((size - 1)); do
    quipu receipt get ledger "$entry" -o ours.receipt
    quipu receipt get again "$entry" -o theirs.receipt
    cmp ours.receipt theirs.receipt || fail "the receipt of entry $entry is another one"
done
cmp ledger/ledger.json again/ledger.json || fail 'ledger.json is another one'
quipu prove ledger cafe-sur/SH-0001 --disclose geometry,producer-name -o ours.quipu 2>err
quipu prove again cafe-sur/SH-0001 --disclose geometry,producer-name -o theirs.quipu 2>err
cmp ours.quipu theirs.quipu || fail 'the bundle is another one'
is "$(quipu stats --json ledger | jq -S 'del(.bytes_on_disk)')" \
    "$(quipu stats --json again | jq -S 'del(.bytes_on_disk)')"

# It is read only until the newest checkpoint that is known was held against it.
event() {
    jq -n '{occurred: "2026-07-20", party_suspended: {party: "muelle-norte", state: "suspended", reason: "test"}}' |
        quipu sign --key operator.key --ledger ledger -o "$1" -
}
expect 0 event next.qst
expect 4 quipu submit again --log-key log.key next.qst
says 'signs nothing yet: quipu resume' err
expect 2 quipu resume again --log-key log.key
expect 1 quipu resume again --log-key coop.key ours.receipt
says 'not the log key' err
expect 3 quipu resume again --log-key log.key next.qst
says 'shows no checkpoint' err

# An old backup cannot be made to sign: whatever shows what came later stops it.
expect 0 quipu restore early old
expect 1 quipu resume old --log-key log.key ledger/anchor
says "$size entries were signed, this ledger has 11" err
expect 1 quipu resume old --log-key log.key ours.receipt
expect 1 quipu resume old --log-key log.key ours.quipu
expect 4 quipu submit old --log-key log.key next.qst
# Nor one that tells another story from some entry on.
expect 0 quipu submit ledger --log-key log.key next.qst
expect 0 quipu restore early forked
quipu receipt get old 10 -o old.receipt
expect 0 quipu resume forked --log-key log.key old.receipt
says '^newest checkpoint shown: 11 entries' out
jq -n '{occurred: "2026-07-21", party_suspended: {party: "muelle-norte", state: "lifted",
    reason: "test"}}' | quipu sign --key operator.key --ledger ledger -o late.qst - >/dev/null
got=0
quipu submit forked --log-key log.key transfer.qst >out 2>err || got=$?
is "$got" 0
expect 1 quipu resume old --log-key log.key forked/anchor ledger/anchor
quipu receipt get forked 11 -o forked.receipt
expect 0 quipu restore copy third
expect 1 quipu resume third --log-key log.key ours.receipt forked.receipt
says 'another history was signed at size 12' err
expect 4 quipu submit third --log-key log.key next.qst

# The whole one goes on, with the lost ledger's anchor for a witness.
expect 0 quipu backup ledger copy
expect 0 quipu restore copy whole
expect 0 quipu resume --json whole --log-key log.key ours.receipt ledger/anchor
is "$(jq -c '[.entries, .newest, .newest_file]' out)" "[$((size + 1)),$((size + 1)),\"ledger/anchor\"]"
expect 2 quipu resume whole --log-key log.key ledger/anchor
says 'signs already' err
expect 0 quipu submit whole --log-key log.key late.qst
expect 0 quipu audit whole
expect 0 quipu backup whole copy
is "$(ls copy | tr '\n' ' ')" \
    'backup-000001.qbk backup-000002.qbk backup-000003.qbk backup-000004.qbk lock '

# A lost or damaged anchor has the same way out.
rm whole/anchor
expect 4 quipu submit whole --log-key log.key late.qst
says 'anchor is missing.*quipu resume' err
expect 4 quipu show whole coop-norte/E-0001
echo 'quipu anchor v1' >whole/anchor
expect 4 quipu submit whole --log-key log.key late.qst
says 'is damaged' err
expect 0 quipu resume whole --log-key log.key ledger/anchor
expect 0 quipu submit whole --log-key log.key late.qst
expect 0 quipu audit whole

# Another ledger's folder, a file that is missing, cut off or changed: said, and nothing is made.
expect 2 quipu backup ledger
mkdir elsewhere
expect 1 quipu restore elsewhere nothing
says 'there is no backup in elsewhere' err
[ ! -e nothing ] || rmdir nothing
cp -r copy torn
rm torn/backup-000002.qbk
expect 1 quipu restore torn broken
says 'put back the one that is missing' err
cp copy/backup-000002.qbk torn/
truncate -s -10 torn/backup-000003.qbk
expect 3 quipu restore torn broken
says 'torn/backup-000003.qbk, frame 1: the file is cut off' err
is "$(ls broken)" ''
expect 3 quipu backup whole torn
cp copy/backup-000003.qbk torn/
LC_ALL=C sed -i 's/Callao/Xallao/' torn/backup-000002.qbk
expect 1 quipu restore torn broken
says 'the events are not those of the statement' err
expect 4 quipu restore copy ledger
says 'not empty' err

# A ledger that goes on from one that must not sign any more, under a name of its own.
expect 0 quipu init successor --origin ledger.example.pe/2027 --name 'Registro 2027' \
    --operator camara --legal-name 'Camara' --key exporter.key --log-key terminal.key \
    --predecessor old
expect 0 quipu show --json successor 0:0
is "$(jq -c '[.. | .predecessor? | select(.)][0] | [.origin, .tree_size]' out)" \
    "$(jq -c '[.origin, "x"]' ledger/ledger.json | sed 's/"x"/11/')"
expect 2 quipu init twice --origin "$(jq -r .origin ledger/ledger.json)" --name x --operator y \
    --legal-name z --key exporter.key --log-key terminal.key --predecessor old
