# Copies of the disk, taken while statements come in, each of one moment: the file system is frozen, its
# image copied, and thawed. A copy is what a snapshot of a volume is: mounted elsewhere, it must hold all
# that was acknowledged before it was begun.
. "$(dirname "$0")/lib.sh"
on_disks copies

# One copy, put to use: opened for writing, which may finish what was going on, and audited. Nothing new
# is submitted to it: it has the live ledger's key, and would fork from it.
use_copy() {
    cd round
    mkdir -p ../disk.copy
    mount -o loop ../image.copy ../disk.copy
    rm -f ledger
    ln -s ../disk.copy/ledger ledger
    expect 0 quipu submit --json ledger --log-key log.key d1.qst
    expect 0 quipu audit ledger
    entries=$(quipu stats --json ledger | jq .entries)
    quipu receipt get ledger "$EARLY" | cmp -s - early.tlog-proof || fail "another receipt"
    # Those whose checkpoints may be missing are the newest; the audit has seen to the others.
    for receipt in $(find before -name '*.tlog-proof' | sort -t / -k 2n | tail -n 12); do
        index=${receipt##*/}
        quipu receipt get ledger "${index%.tlog-proof}" 2>err | cmp -s - "$receipt" ||
            fail "acknowledged before the copy, and not the same in it: $receipt"
    done
    grep -s '}$' acks.before | jq -r '.index // empty' >indexes
    while read -r index; do
        [ "$index" -lt "$entries" ] || fail "entry $index was acknowledged before the copy"
    done <indexes
    no_fork ../disk.copy/ledger
    umount ../disk.copy
}

clients() {
    while [ ! -e stop ]; do
        for file in new/*.qst; do
            [ ! -e stop ] || break
            quipu submit --json --receipts receipts ../disk/ledger --log-key log.key "$file" || true
            echo # a line that was cut short ends here
        done
    done
}

prepare
fresh ledger
disk 24
mv round/ledger disk/ledger
mkdir round/new round/receipts
rounds=$(how_many 40 3)
for number in $(seq 1 $((4 * rounds))); do
    more 1 "round/new/$(printf %05d "$number").qst"
done
if ! "$FAULT_VOLUME" freeze disk || ! "$FAULT_VOLUME" thaw disk; then
    skip "this system cannot freeze a file system"
fi
cd round
submit_to() {
    quipu submit ../disk/ledger --log-key log.key "$@" >/dev/null
}
submit_to d2.qst d3.qst d4.qst d5.qst
clients >acks 2>err.clients &
children=$!
cd ..
begin
round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    sleep "0.$(printf %02d "$(chance 30)")"
    # What was said by now must be in the copy; what comes while it is frozen need not.
    rm -rf round/before
    cp -r round/receipts round/before
    find round/before -name '.*' -type f -delete
    cp round/acks round/acks.before
    "$FAULT_VOLUME" freeze disk
    cp --sparse=always image image.copy || true
    "$FAULT_VOLUME" thaw disk
    attempt "copy number $round" use_copy
    umount disk.copy 2>/dev/null || true
done
touch round/stop
wait $children || true
# And the live ledger agrees with every copy.
cd round
rm -f ledger
ln -s ../disk/ledger ledger
expect 0 quipu audit ledger
no_fork ../disk/ledger receipts
cd ..
tell copies 'image of one moment'
finish
