# The power goes: a file system of its own is shut down under the program, mounted again, and asked for
# all that was acknowledged. What was said is kept outside of it.
. "$(dirname "$0")/lib.sh"
on_disks power

# Two kinds of clients, one after the other: files, and a stream that waits for its answers.
clients() {
    for file in d2 d3 stranger d4 d5; do
        quipu submit --json --receipts receipts ../disk/ledger --log-key log.key $file.qst || true
        echo # a line that was cut short ends here
    done
    for file in new/*.qst; do
        cat "$file"
        sleep 0.01
    done | quipu submit --json --receipts receipts ../disk/ledger --log-key log.key - || true
}

# The system's memory of the file system goes as well, and the journal is replayed.
power_cycle() {
    until umount ../disk 2>/dev/null; do
        sleep 0.1 # somebody is still going away
    done
    mount -o loop ../image ../disk
    ln -sfn ../disk/ledger ledger
}

promises() {
    recovers
    cat new/*.qst >stdin # as the stream is called
    acknowledged 1 d2.qst d3.qst stranger.qst d4.qst d5.qst stdin
    is "$(jq 'select(.result == "done") | .size' out)" $((SIZE + 3 + 30))
    expect 0 quipu audit ledger
    no_fork ledger receipts again
}

# lose_power FLAGS: 2, what the disk has, and nothing more; 1, the journal too; 0, everything.
lose_power() {
    fresh ledger
    disk 24
    mv round/ledger disk/ledger
    sync -f disk
    cp -r more round/new
    cd round
    ln -s ../disk/ledger ledger
    no_fork ../disk/ledger
    rm ledger
    clients >acks 2>err &
    children=$!
    sleep "$(chance 90 | awk '{ printf "%.2f", $1 / 100 }')"
    "$FAULT_VOLUME" shutdown ../disk "$1"
    wait $children || true
    power_cycle
    promises
    umount ../disk
}

# A disk that lies: syncs that do nothing. The loss must be seen, or this test sees nothing.
lie() {
    fresh ledger
    disk 24
    mv round/ledger disk/ledger
    sync -f disk
    cp -r more round/new
    cd round
    strace -f -qq -o ../trace -e inject=fsync,fdatasync:retval=0 quipu submit --json \
        --receipts receipts ../disk/ledger --log-key log.key d2.qst >acks 2>err
    "$FAULT_VOLUME" shutdown ../disk 2
    power_cycle
    promises
}

prepare
mkdir more
for number in $(seq 10 39); do
    more 1 more/$number.qst
done
disk 24
if ! "$FAULT_VOLUME" shutdown disk 2; then
    skip "this system cannot shut a file system down"
fi
umount disk
for flags in 2 1 0; do
    begin
    round=0
    case $flags in
    2) rounds=$(how_many 40 2) ;;
    *) rounds=$(how_many 15 1) ;; # milder
    esac
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        attempt "power failure with flags $flags, number $round" lose_power $flags
        umount disk 2>/dev/null || true
    done
    tell power "shutdown, flags $flags"
done
if strace -o /dev/null true 2>/dev/null; then
    if (lie) >said 2>&1; then
        fail "a disk that lied lost nothing: this test would not see a loss"
    fi
    says '^FAILED: ' said
    echo "a disk whose syncs do nothing is noticed: $(grep -m 1 '^FAILED' said)"
    umount disk
fi
finish
