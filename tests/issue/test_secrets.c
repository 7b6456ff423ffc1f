/* Where secrets stand in memory while a key is open and after it is closed: this process is its
 * own witness. It never holds a secret in the clear but through the functions under test; a child
 * makes the key file and hands over what to look for, masked. */
#include "issue/folder.h"
#include "memory.h"

#include "core/alloc.h"

#include <quipu/key.h>

#include <fcntl.h>
#include <sodium.h>
#include <sys/wait.h>

enum { SEED, SEED_END, SCALAR, PREFIX, BASE64, PASSPHRASE, NEEDLES };

static const char *const names[NEEDLES] = {"the seed",           "the seed's end",
                                           "the signing scalar", "the nonces' prefix",
                                           "the seed in base64", "the passphrase"};
static struct memory_needle needles[NEEDLES];

/* In the child: a seed and a passphrase that nobody else has seen. */
static void make_secrets(int to, const char *path)
{
    struct qp_seed seed;
    struct qp_key *key = NULL;
    uint8_t hash[64];
    char passphrase[41];
    char base64[64];
    struct memory_needle made[NEEDLES];
    struct qp_buf text = {0};
    qp_random(seed.bytes, sizeof seed.bytes);
    qp_random(hash, 20);
    qp_hex_encode(passphrase, qp_span_of(hash, 20));
    crypto_hash_sha512(hash, seed.bytes, sizeof seed.bytes);
    hash[0] &= 248;
    hash[31] = (uint8_t)((hash[31] & 127) | 64);
    sodium_bin2base64(base64, sizeof base64, seed.bytes, sizeof seed.bytes,
                      sodium_base64_VARIANT_ORIGINAL);
    memory_mask(&made[SEED], seed.bytes, 16);
    memory_mask(&made[SEED_END], seed.bytes + 16, 16);
    memory_mask(&made[SCALAR], hash, 32);
    memory_mask(&made[PREFIX], hash + 32, 32);
    memory_mask(&made[BASE64], base64, 40);
    memory_mask(&made[PASSPHRASE], passphrase, 40);
    struct qp_span span = qp_span_text(passphrase);
    bool good = qp_key_from_seed(&seed, &key, NULL) == QP_OK;
    for (int sealed = 0; sealed < 2 && good; sealed++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", path, sealed ? ".sealed" : ".open");
        text.len = 0;
        good = qp_keyfile_encode(key, qp_span_text("a/1"), sealed ? &span : NULL, NULL, &text,
                                 NULL) == QP_OK &&
               qp_file_create(name, 0600, qp_span_buf(&text), NULL) == QP_OK;
    }
    good = good && write(to, made, sizeof made) == (ssize_t)sizeof made;
    _exit(good ? 0 : 1);
}

static int setup(void **state)
{
    int ends[2];
    int status = 1;
    if (make_folder(state) != 0 || pipe(ends) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        make_secrets(ends[1], in_folder("k"));
    }
    close(ends[1]);
    bool good = read(ends[0], needles, sizeof needles) == (ssize_t)sizeof needles;
    close(ends[0]);
    return waitpid(child, &status, 0) == child && status == 0 && good ? 0 : -1;
}

static void is_nowhere(const char *when)
{
    int found = memory_find(getpid(), needles, NEEDLES);
    if (found != 0) {
        fail_msg("%s is found %s", found > 0 ? names[found - 1] : "nothing can be", when);
    }
}

/* What the program does with a passphrase, here out of the masked one. */
static void read_passphrase(struct qp_buf *out)
{
    const struct memory_needle *needle = &needles[PASSPHRASE];
    assert_ok(qp_buf_reserve(out, needle->len, err));
    for (size_t i = 0; i < needle->len; i++) {
        out->data[out->len++] = needle->masked[i] ^ MEMORY_MASK;
    }
}

/* A check that cannot fail would be none. */
static void the_search_finds_what_is_there(void **state)
{
    (void)state;
    is_nowhere("before anything was opened");
    for (size_t i = 0; i < NEEDLES; i++) {
        uint8_t *copy = malloc(needles[i].len);
        assert_non_null(copy);
        for (size_t at = 0; at < needles[i].len; at++) {
            ((volatile uint8_t *)copy)[at] = needles[i].masked[at] ^ MEMORY_MASK;
        }
        assert_int_equal(memory_find(getpid(), &needles[i], 1), 1);
        sodium_memzero(copy, needles[i].len);
        free(copy);
    }
    struct qp_buf passphrase = QP_BUF_SECRET;
    read_passphrase(&passphrase);
    assert_int_equal(memory_find(getpid(), &needles[PASSPHRASE], 1), 1);
    qp_buf_wipe(&passphrase);
    is_nowhere("after a passphrase was wiped");
}

static void sign_something(const struct qp_key *key)
{
    struct qp_signature signature;
    uint8_t message[9000] = {1}; /* longer than what fits without an allocation */
    assert_ok(qp_sign(key, qp_span_text("a"), qp_span_of(message, 10), &signature, err));
    assert_ok(
        qp_sign(key, qp_span_text("a"), qp_span_of(message, sizeof message), &signature, err));
}

static void an_open_key_stands_where_nobody_reads(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        struct qp_buf passphrase = QP_BUF_SECRET;
        struct qp_key *key = NULL;
        read_passphrase(&passphrase);
        struct qp_span span = qp_span_buf(&passphrase);
        assert_ok(qp_key_file_open(in_folder(sealed ? "k.sealed" : "k.open"), &span, &key, err));
        qp_buf_wipe(&passphrase);
        is_nowhere("while the key is open");
        sign_something(key);
        is_nowhere("after the key has signed");
        qp_key_free(key);
        is_nowhere("after the key was closed");
    }
}

static void a_key_that_cannot_be_opened_leaves_nothing(void **state)
{
    (void)state;
    struct qp_key *key = NULL;
    struct qp_err why;
    struct qp_span wrong = qp_span_text("wrong");
    struct qp_buf file = QP_BUF_SECRET;
    /* One that is open but for another public key, and one whose passphrase is wrong. */
    assert_ok(qp_file_read(in_folder("k.open"), QP_KEYFILE_BYTES_MAX, &file, err));
    uint8_t *at = memchr(file.data + 30, ':', file.len - 30);
    assert_non_null(at);
    at[3] = at[3] == 'A' ? 'B' : 'A';
    assert_ok(qp_file_create(in_folder("k.changed"), 0600, qp_span_buf(&file), err));
    qp_buf_wipe(&file);
    assert_int_equal(qp_key_file_open(in_folder("k.changed"), NULL, &key, &why), QP_E_INVALID);
    is_nowhere("after a changed key was refused");
    assert_int_equal(qp_key_file_open(in_folder("k.sealed"), &wrong, &key, &why), QP_E_INVALID);
    is_nowhere("after a wrong passphrase");
}

static void writing_a_key_leaves_nothing(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        struct qp_buf passphrase = QP_BUF_SECRET;
        struct qp_buf text = QP_BUF_SECRET;
        struct qp_key *key = NULL;
        read_passphrase(&passphrase);
        struct qp_span span = qp_span_buf(&passphrase);
        assert_ok(qp_key_file_open(in_folder("k.open"), NULL, &key, err));
        assert_ok(
            qp_keyfile_encode(key, qp_span_text("a/1"), sealed ? &span : NULL, NULL, &text, err));
        assert_ok(qp_file_create(in_folder(sealed ? "again.sealed" : "again.open"), 0600,
                                 qp_span_buf(&text), err));
        qp_buf_wipe(&text);
        qp_buf_wipe(&passphrase);
        qp_key_free(key);
        is_nowhere("after a key was written");
    }
}

static void without_memory_nothing_is_left_either(void **state)
{
    (void)state;
    for (uint64_t n = 0;; n++) {
        struct qp_buf passphrase = QP_BUF_SECRET;
        struct qp_key *key = NULL;
        struct qp_err why;
        read_passphrase(&passphrase);
        struct qp_span span = qp_span_buf(&passphrase);
        qp_alloc_fail_after(n);
        enum qp_code rc = qp_key_file_open(in_folder("k.open"), &span, &key, &why);
        qp_alloc_fail_after(UINT64_MAX);
        qp_buf_wipe(&passphrase);
        qp_key_free(key);
        is_nowhere("after memory ran out");
        if (rc == QP_OK) {
            assert_true(n > 5);
            return;
        }
        assert_int_equal(rc, QP_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_is_there),
        cmocka_unit_test(an_open_key_stands_where_nobody_reads),
        cmocka_unit_test(a_key_that_cannot_be_opened_leaves_nothing),
        cmocka_unit_test(writing_a_key_leaves_nothing),
        cmocka_unit_test(without_memory_nothing_is_left_either),
    };
    return cmocka_run_group_tests(tests, setup, remove_folder);
}
