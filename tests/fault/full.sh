# No room on the disk: no blocks, no inodes, or none for the receipts alone. Refused before anything is
# begun, with the code "full"; readable all the while; and it goes on by itself.
. "$(dirname "$0")/lib.sh"
on_disks full

# fill KIB: leave so much room at most, and give nothing back.
fill() {
    room=$(df -k --output=avail disk | tail -n 1)
    if [ "$room" -gt "$1" ]; then
        dd if=/dev/zero of=disk/filling bs=1k count=$((room - $1)) oflag=append conv=notrunc \
            status=none 2>/dev/null || true
    fi
    sync -f disk
}

on_disk() {
    fresh ledger
    disk "$@"
    mv round/ledger disk/ledger
    ln -s ../disk/ledger round/ledger
}

# Nothing was begun, so nothing is there to be finished.
untouched() {
    cmp -s anchor ledger/anchor || fail "something was signed"
    cp -r ledger finished
    expect 0 quipu submit finished --log-key log.key d1.qst
    is "$(quipu stats --json finished | jq .entries)" 12
    rm -r finished
}

# Room for less than the statements may need.
full_disk() {
    on_disk 8
    fill "$1"
    cd round
    cp ledger/anchor .
    expect 4 quipu submit --json --receipts receipts ledger --log-key log.key d2.qst
    is_full 'the disk is full'
    untouched
    readable
    # What is there already needs no room to be acknowledged.
    expect 0 quipu submit --json --receipts receipts ledger --log-key log.key d1.qst
    rm ../disk/filling
    rm -rf receipts
    sound
}

# Every file there may be: a new one, such as the anchor's, cannot be made.
full_of_files() {
    on_disk 8 -N 64
    number=0
    while touch "disk/filling.$number" 2>/dev/null; do
        number=$((number + 1))
    done
    cd round
    cp ledger/anchor .
    expect 4 quipu submit --json --receipts receipts ledger --log-key log.key d2.qst
    is_full 'the disk is full'
    untouched
    readable
    rm ../disk/filling.*
    sound
}

# Somebody else fills the disk meanwhile: wherever that meets the ledger, no promise is broken.
filling_up() {
    on_disk 8
    fill 4096
    mkdir round/new
    cp new/*.qst round/new/
    (
        cd round
        for file in d2.qst d3.qst stranger.qst d4.qst d5.qst new/*.qst; do
            quipu submit --json --receipts receipts ledger --log-key log.key "$file" >>acks 2>>err.all ||
                echo $? >>statuses
        done
    ) &
    children=$!
    for kib in 2048 1500 1200 1100 1050 1000 500 100 50 20 10 4 0; do
        fill $kib
        sleep "0.$(printf %03d "$(chance 60)")"
    done
    wait $children || true
    cd round
    ! grep -v '^[14]$' statuses || fail "another status than 1 and 4"
    ! jq -r 'select(.error != "refused") | .error' err.all | grep -v '^full$' ||
        fail "another reason than a full disk"
    readable
    rm ../disk/filling
    recovers
    acknowledged 1 d2.qst d3.qst stranger.qst d4.qst d5.qst new/*.qst
    is "$(jq 'select(.result == "done") | .size' out)" $((SIZE + 3 + $(find new -type f | wc -l)))
    expect 0 quipu audit ledger
    no_fork ledger receipts again
}

# The ledger has room, what it hands out has not: it is in, and the receipt is had again later.
full_receipts() {
    fresh ledger
    disk 8
    fill 0
    cd round
    expect 4 quipu submit --json --receipts ../disk/receipts ledger --log-key log.key d2.qst
    is_full 'receipt'
    rm ../disk/filling
    expect 0 quipu submit --json --receipts ../disk/receipts ledger --log-key log.key d2.qst
    is "$(find ../disk/receipts -name '*.tlog-proof' | wc -l)" 3
    sound
}

prepare
mkdir new
for number in $(seq 10 29); do
    more 1 new/$number.qst
done
begin
for kib in $(how_many "0 4 16 64 128 256 512 768 1000 1060" "0 1000"); do
    attempt "room for $kib KiB" full_disk $kib
    umount disk 2>/dev/null || true
done
tell full 'no room on the disk'
begin
attempt "no inodes" full_of_files
umount disk 2>/dev/null || true
tell full 'no inodes'
begin
attempt "no room for receipts" full_receipts
umount disk 2>/dev/null || true
tell full 'no room for receipts'
begin
round=0
while [ $round -lt "$(how_many 25 1)" ]; do
    round=$((round + 1))
    attempt "filling up, number $round" filling_up
    umount disk 2>/dev/null || true
done
tell full 'filling up meanwhile'
finish
