/* Bundles taken apart and made again: the same verdict when nothing was changed, and when something
 * was, most get past the cryptography. This is also the short run of the fuzz target `remade` that
 * needs no clang. */
#include "test.h"

#include "fuzz/fuzz.h"
#include "fuzz/remake.h"

#include <quipu/proof.h>

#include <dirent.h>

#define SEEDS_MAX 64
#define CHANGES 400

static struct qp_buf seeds[SEEDS_MAX];
static size_t seed_count;

static int read_seeds(void **state)
{
    static const char folder[] = QP_SOURCE_DIR "/tests/fuzz/corpus/remade";
    static uint8_t bytes[65536];
    DIR *dir = opendir(folder);
    (void)state;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[4096];
        if (entry->d_name[0] != '.' && seed_count < SEEDS_MAX) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            FILE *file = fopen(path, "rb");
            assert_non_null(file);
            size_t len = fread(bytes, 1, sizeof bytes, file);
            fclose(file);
            assert_ok(qp_buf_add(&seeds[seed_count++], qp_span_of(bytes, len), err));
        }
    }
    closedir(dir);
    assert_true(seed_count > 0);
    return 0;
}

static int free_seeds(void **state)
{
    (void)state;
    while (seed_count > 0) {
        qp_buf_wipe(&seeds[--seed_count]);
    }
    return 0;
}

/* A season of which all is shown comes out byte for byte: nothing of a bundle is forgotten. */
static void makes_the_same_bundle_when_nothing_is_changed(void **state)
{
    (void)state;
    static uint8_t bytes[65536];
    struct qp_arena arena;
    struct remake *remake = NULL;
    struct qp_buf made = {0};
    FILE *file = fopen(QP_SOURCE_DIR "/tests/fuzz/corpus/remade/season", "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    qp_arena_init(&arena, 0);
    assert_true(remake_apart(qp_span_of(bytes, len), &arena, &remake));
    assert_true(remake_together(remake, &made));
    assert_int_equal(made.len, len);
    assert_memory_equal(made.data, bytes, len);
    qp_buf_wipe(&made);
    qp_arena_wipe(&arena);
}

/* Each made bundle goes through the fuzz target, which holds what it holds of every input. */
static void most_of_what_is_changed_gets_past_the_cryptography(void **state)
{
    (void)state;
    size_t made_count = 0;
    for (unsigned i = 0; i < CHANGES; i++) {
        struct qp_buf made = {0};
        struct qp_span other = qp_span_buf(&seeds[i * 7 % seed_count]);
        if (remake_mutate(qp_span_buf(&seeds[i % seed_count]), i % 4 == 0 ? &other : NULL, i,
                          &made)) {
            (void)LLVMFuzzerTestOneInput(made.data, made.len);
            made_count++;
        }
        qp_buf_wipe(&made);
    }
    struct remade_count count = remade_count();
    printf("%zu made of %d, %llu authentic, %llu passed\n", made_count, CHANGES,
           (unsigned long long)count.judged, (unsigned long long)count.passed);
    assert_true(made_count > CHANGES / 4);
    assert_true(count.judged > made_count / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_same_bundle_when_nothing_is_changed),
        cmocka_unit_test(most_of_what_is_changed_gets_past_the_cryptography),
    };
    return cmocka_run_group_tests(tests, read_seeds, free_seeds);
}
