#include "issue/folder.h"

#include <quipu/note.h>

static const char good[] = "correct horse";

static struct qp_span words(const char *text)
{
    return qp_span_text(text);
}

static void writes_a_key_that_only_its_owner_can_reach_and_a_vkey(void **state)
{
    (void)state;
    struct qp_public_key made;
    struct qp_public_key opened;
    struct qp_key *key = NULL;
    struct qp_span pass = words(good);
    const char *path = in_folder("coop.key");
    assert_ok(qp_key_file_new(path, "coop.example/one", &pass, &made, err));
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_ok(qp_key_file_open(path, &pass, &key, err));
    qp_key_public(key, &opened);
    assert_memory_equal(made.bytes, opened.bytes, 32);
    qp_key_free(key);

    struct qp_buf text = {0};
    struct qp_vkey vkey;
    assert_ok(qp_file_read(in_folder("coop.vkey"), 1000, &text, err));
    assert_int_equal(text.data[text.len - 1], '\n');
    assert_ok(qp_vkey_parse(qp_span_of(text.data, text.len - 1), &vkey, err));
    assert_memory_equal(made.bytes, vkey.key.bytes, 32);
    assert_string_equal(vkey.name, "coop.example/one");
    assert_int_equal(vkey.type, QP_VKEY_NOTE);
    qp_buf_wipe(&text);
}

static void never_writes_over_a_key_or_its_other_half(void **state)
{
    (void)state;
    struct qp_err why;
    assert_ok(qp_key_file_new(in_folder("twice.key"), "a", NULL, NULL, err));
    assert_int_equal(qp_key_file_new(in_folder("twice.key"), "a", NULL, NULL, &why), QP_E_IO);
    assert_says(&why, "never written over");
    assert_int_equal(unlink(in_folder("twice.key")), 0);
    assert_int_equal(qp_key_file_new(in_folder("twice.key"), "a", NULL, NULL, &why), QP_E_IO);
    assert_says(&why, "twice.vkey");
    bool exists = true;
    assert_ok(qp_file_exists(in_folder("twice.key"), &exists, err));
    assert_false(exists);
    assert_int_equal(qp_key_file_new(in_folder("n.key"), "a+b", NULL, NULL, &why), QP_E_INPUT);
    assert_ok(qp_file_exists(in_folder("n.vkey"), &exists, err));
    assert_false(exists);
}

static void refuses_a_wrong_or_missing_passphrase(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_key *key = NULL;
    struct qp_span pass = words(good);
    struct qp_span wrong = words("correct house");
    const char *path = in_folder("pass.key");
    assert_ok(qp_key_file_new(path, "a", &pass, NULL, err));
    assert_int_equal(qp_key_file_open(path, &wrong, &key, &why), QP_E_INVALID);
    assert_says(&why, "pass.key");
    assert_int_equal(qp_key_file_open(path, NULL, &key, &why), QP_E_USAGE);
    assert_null(key);
    assert_ok(qp_key_file_new(in_folder("open.key"), "a", NULL, NULL, err));
    assert_ok(qp_key_file_open(in_folder("open.key"), &pass, &key, err));
    qp_key_free(key);
}

static void refuses_a_key_that_others_can_reach_and_says_how_to_mend_it(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_key *key = NULL;
    const char *path = in_folder("modes.key");
    assert_ok(qp_key_file_new(path, "a", NULL, NULL, err));
    static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_int_equal(qp_key_file_open(path, NULL, &key, &why), QP_E_IO);
        assert_says(&why, "chmod 600 ");
        assert_says(&why, "modes.key");
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_ok(qp_key_file_open(path, NULL, &key, err));
    qp_key_free(key);
    key = NULL;
    assert_int_equal(symlink(path, in_folder("link.key")), 0);
    assert_int_equal(qp_key_file_open(in_folder("link.key"), NULL, &key, &why), QP_E_IO);
    assert_says(&why, "symbolic link");
    assert_int_equal(qp_key_file_open(folder, NULL, &key, &why), QP_E_IO);
    assert_int_equal(mkfifo(in_folder("pipe.key"), 0600), 0);
    assert_int_equal(qp_key_file_open(in_folder("pipe.key"), NULL, &key, &why), QP_E_IO);
    assert_says(&why, "not a file");
    assert_int_equal(qp_key_file_open(in_folder("none.key"), NULL, &key, &why), QP_E_IO);
    assert_says(&why, "No such file");
    if (geteuid() == 0 && chown(path, 1, 1) == 0) {
        assert_int_equal(qp_key_file_open(path, NULL, &key, &why), QP_E_IO);
        assert_says(&why, "another user");
    }
    assert_null(key);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_key *key = NULL;
    struct qp_buf file = {0};
    assert_ok(qp_key_file_new(in_folder("whole.key"), "a", NULL, NULL, err));
    assert_ok(qp_file_read(in_folder("whole.key"), 2000, &file, err));
    for (size_t len = 0; len < file.len; len++) {
        assert_ok(qp_file_replace(in_folder("cut.key"), 0600, qp_span_of(file.data, len), err));
        assert_int_equal(qp_key_file_open(in_folder("cut.key"), NULL, &key, &why), QP_E_INPUT);
        assert_says(&why, "cut.key");
    }
    qp_buf_wipe(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_key_that_only_its_owner_can_reach_and_a_vkey),
        cmocka_unit_test(never_writes_over_a_key_or_its_other_half),
        cmocka_unit_test(refuses_a_wrong_or_missing_passphrase),
        cmocka_unit_test(refuses_a_key_that_others_can_reach_and_says_how_to_mend_it),
        cmocka_unit_test(refuses_every_truncation),
    };
    return cmocka_run_group_tests_name("issue/key_on_disk", tests, make_folder, remove_folder);
}
