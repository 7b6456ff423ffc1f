# Every system call of a command, one after the other: killed in front of it, or told that it failed.
#   sh calls.sh [SUBJECT...]    the subjects of subjects.sh; none: all
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/fault/subjects.sh"
can_trace

# What may be done to a call. A kill in front of one that changes nothing leaves what a kill in front
# of the next one that does will leave.
faults_of() {
    case $1 in
    write | writev | pwrite64 | pwritev | ftruncate | fallocate | rename* | unlink* | mkdir* | fsync | \
        fdatasync | sync_file_range | msync | link* | symlink*)
        echo KILL EIO ENOSPC
        ;;
    openat) echo KILL EIO ENOSPC EMFILE ;;
    chmod | fchmod | chown | fchown) echo KILL EIO ;;
    fcntl | flock) echo KILL ENOLCK ;;
    mmap | mremap | mprotect | brk) echo ENOMEM ;;
    clone*) echo EAGAIN ;;
    read | pread64 | readv | preadv | close | lseek | newfstatat | fstat | statx | fstatfs | statfs | \
        getdents64 | faccessat* | access) echo EIO ;;
    esac
}

# plan TRACE: "call which fault" for everything that the trace shows from the first look at a file of
# the round on. What comes before is the loader's. strace counts the calls of each thread alone, and so is
# counted here; of threads other than the first only what the first does not do while it is loaded.
plan() {
    awk '
    $2 ~ /^[a-z0-9_]+\(/ {
        call = $2
        sub(/\(.*/, "", call)
        if (first == "") first = $1
        count[$1, call]++
        if ($1 == first && !begun && call != "execve" && /"(log\.key|operator\.key|ledger|copy|again)/) begun = 1
        if ($1 == first && !begun) loading[call]++
        if ((begun || $1 != first) && count[$1, call] > loading[call])
            seen[call "\t" count[$1, call] "\t" (/PROT_READ\|PROT_WRITE\)/ ? "open" : "-")]
    }
    END { for (key in seen) print key }' "$1" | sort -k 1,1 -k 2,2n |
        while read -r call which how; do
            for fault in $(faults_of "$call"); do
                case $SANITIZED,$call,$fault,$how in
                1,mmap,* | 1,mremap,* | 1,mprotect,* | 1,munmap,* | 1,brk,*) ;; # the sanitizer gives up
                *,mprotect,ENOMEM,open) ;; # libsodium does not look: sodium_free opens what it wipes
                *) echo "$call $fault $which" ;;
                esac
            done
        done | sort -s -k 1,2
}

# evenly N: so many of the lines.
evenly() {
    awk -v n="$1" '{ line[NR] = $0 } END { for (i = 1; i <= n && NR > 0; i++) print line[int(NR * i / n)] }'
}

# sample SUBJECT: all of the plan; in the short form one of every kind for `submit`, which makes every
# kind of call that there is, and a few for the others.
sample() {
    if [ -z "${QP_FAULT_SHORT:-}" ]; then
        cat
    else
        awk '{ of[$1 " " $2] = of[$1 " " $2] $0 "\n"; count[$1 " " $2]++ }
        END {
            for (kind in of) {
                split(of[kind], line, "\n")
                print line[int(count[kind] / 2) + 1]
            }
        }' | sort | case $1,$QP_FAULT_SHORT in
        submit,yes) cat ;;
        submit,*) evenly 16 ;;
        *,yes) evenly 4 ;;
        *) evenly 2 ;;
        esac
    fi
}

# What the program said when a call failed: a status that a script can tell, and words that name
# something to look at.
refused_well() {
    status=$1
    [ "$status" -eq 4 ] || fail "status $status for a machine that failed"
    cat err >>words
    grep -q '"error":"\(io\|store\|full\|memory\|busy\)"' words || fail "no code of a machine that failed"
    jq -rn 'inputs.text // empty' err >text 2>&1 || fail "stderr is not JSON"
    grep -q -e '[./]' -e memory -e stdout -e threads \
        -e ' \(ledger\|receipts\?\|rejected\|copy\|again\|newest\)\>' text ||
        fail "nothing to look at is named"
}

# After a sync that failed nothing is made durable or put in place in the ledger any more.
stopped() {
    awk '
    failed && /ledger/ && $2 ~ /^(fsync|fdatasync|msync|pwrite64|writev|rename[a-z0-9]*)\(/ {
        print
        bad = 1
    }
    $2 ~ /^(fsync|fdatasync|msync)\(/ && /\(INJECTED\)/ { failed = 1 }
    END { exit bad }' ../trace >after || fail "it went on after a failed sync: $(head -n 1 after)"
}

# one SUBJECT CALL FAULT WHICH
one() {
    "$1_make"
    cd round
    if [ -e ledger/store ]; then
        no_fork ledger receipts
    fi
    case $2,$3 in
    *,KILL) how="signal=KILL" ;;
    brk,*) how="retval=0" ;; # it tells of failure in its own way
    *) how="error=$3" ;;
    esac
    TRACE="strace -f -y -qq -o ../trace -e inject=$2:$how:when=$4"
    status=0
    "$1_run" >acks 2>err || status=$?
    TRACE=
    if ! grep -q -e '(INJECTED)' -e 'killed by SIGKILL' ../trace; then
        echo "$*" >>../missed
    fi
    lives "$status" "$3"
    if [ "$3" != KILL ] && [ "$status" -ne "$(cat "../$1.status")" ]; then
        refused_well "$status"
    fi
    case $2,$3 in
    *sync,E*)
        [ "$status" -eq 4 ] || fail "status $status after a failed sync"
        stopped
        ;;
    esac
    "$1_check" "$status"
}

SANITIZED=0
if nm -D "$QUIPU" 2>/dev/null | grep -q -e __asan_init -e __ubsan; then
    SANITIZED=1
fi
prepare
: >missed
# shellcheck disable=SC2086 # words
[ $# -gt 0 ] || set -- $SUBJECTS
for subject; do
    "${subject}_make"
    cd round
    TRACE="strace -f -qq -o ../trace"
    status=0
    "${subject}_run" >../"$subject.out" 2>err || status=$?
    TRACE=
    lives $status
    cd ..
    echo $status >"$subject.status"
    plan trace | sample "$subject" >plan
    [ -s plan ] || fail "$subject makes no system call"
    for kind in $(cut -d ' ' -f 1,2 plan | tr ' ' , | uniq); do
        begin
        grep "^${kind%,*} ${kind#*,} " plan >todo
        while read -r call fault which; do
            attempt "$subject, $call number $which, $fault" one "$subject" "$call" "$fault" "$which"
        done <todo
        tell "calls: $subject" "${kind%,*} ${kind#*,}"
    done
done
# A place that was not reached the second time was not tried.
is "$(wc -l <missed)" 0
finish
