# What -o names: never a file that the command reads, a secret key, or a part of a ledger or of a
# journal; a device is written into, a link followed; other files are written over.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null
quipu policy new --ledger ledger --assessor geo-andes -o policy.json
echo '[]' >events.json
: >empty.csv

# refused PATTERN COMMAND...: nothing is done, and nothing changes.
refused() {
    pattern=$1
    shift
    find . -type f ! -name out ! -name err ! -name before ! -name after ! -name '*.mdb' \
        -exec sha256sum {} + | sort >before
    expect 2 "$@"
    says "$pattern" err
    find . -type f ! -name out ! -name err ! -name before ! -name after ! -name '*.mdb' \
        -exec sha256sum {} + | sort >after
    cmp -s before after || fail "something changed: $(diff before after)"
}

import_to() {
    quipu import deliveries --key coop.key --party coop-norte -o "$@"
}

refused 'are one file, coop.key' quipu sign --key coop.key -o coop.key events.json
refused 'are one file' quipu sign --key coop.key -o ./coop.key events.json
refused 'that the command reads, events.json' quipu sign --key coop.key -o events.json events.json
refused 'that the command reads' import_to deliveries.csv deliveries.csv
refused 'that the command reads' import_to new.qst \
    --skip-bad deliveries.csv deliveries.csv
refused 'are one file' import_to empty.csv --skip-bad empty.csv \
    deliveries.csv
refused 'that the command reads' quipu export --policy policy.json --format traces-geojson \
    -o shipment.quipu shipment.quipu
refused 'are one file' quipu export --policy policy.json --format traces-geojson -o policy.json \
    shipment.quipu
ln shipment.quipu other-name
refused 'that the command reads' quipu export --policy policy.json --format traces-geojson \
    -o other-name shipment.quipu
refused 'is a secret key' quipu prove ledger cafe-sur/SH-0001 -o log.key
refused 'is a secret key' quipu journal coop.key --export -o terminal.key
for inside in ledger/ledger.json ledger/new.quipu ledger/store/data.mdb; do
    refused 'in the folder of a ledger' quipu prove ledger cafe-sur/SH-0001 -o "$inside"
    refused 'in the folder of a ledger' quipu receipt get ledger 3 -o "$inside"
done
ln -s ledger/ledger.json link.json
refused 'in the folder of a ledger' quipu policy new --ledger ledger -o link.json
refused 'in the folder of a journal' quipu journal coop.key --export -o coop.journal/all.qst
refused 'is a folder' quipu prove ledger cafe-sur/SH-0001 -o ledger/..
for what in events.json -; do
    got=0
    quipu sign --key coop.key -o events.json "$what" <events.json >out 2>err || got=$?
    is "$got" 2
done
is "$(cat events.json)" '[]'

# Other files are written over, through a link as well.
echo old >old.quipu
ln -s old.quipu link.quipu
ln -s new.quipu dangling.quipu
for file in old.quipu link.quipu dangling.quipu; do
    expect 0 quipu prove ledger cafe-sur/SH-0001 -o $file
    cmp -s $file shipment.quipu || fail "$file is not the bundle"
done
[ -L link.quipu ] && [ -L dangling.quipu ] || fail 'a link was replaced'
cmp -s old.quipu shipment.quipu && cmp -s new.quipu shipment.quipu || fail 'a link was not followed'

# Not a file: into it. Stdout by another name is stdout, and no words get in between.
mkfifo pipe
cat pipe >from-pipe &
expect 0 quipu prove ledger cafe-sur/SH-0001 -o pipe
wait
[ -p pipe ] || fail 'the pipe is gone'
cmp -s from-pipe shipment.quipu || fail 'not the bundle, through a pipe'
if [ -e /proc/self/fd/1 ]; then
    ln -s /proc/self/fd/1 stdout
    quipu prove ledger cafe-sur/SH-0001 -o stdout 2>err | cmp -s - shipment.quipu ||
        fail 'not the bundle, on stdout'
fi
# A name of our own for the device, so that a mistake would cost no more than the link.
if [ -c /dev/full ]; then
    ln -s /dev/full full
    expect 4 quipu prove ledger cafe-sur/SH-0001 -o full
    says 'cannot write full' err
    [ -c /dev/full ] || fail 'the device is gone'
fi
