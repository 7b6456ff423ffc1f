/* The groups of tests that make up test_rules; one program, so that it can count the codes seen. */
#ifndef QP_TESTS_RULES_TEST_RULES_H
#define QP_TESTS_RULES_TEST_RULES_H

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int rules_party_tests(void);
int rules_fork_tests(void);
int rules_forms_tests(void);
int rules_land_tests(void);
int rules_lot_tests(void);
int rules_process_tests(void);
int rules_trade_tests(void);

#endif
