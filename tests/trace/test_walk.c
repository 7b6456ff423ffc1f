/* The graph as people are shown it. */
#include "trace/market.h"

struct drawing {
    struct qp_buf text;
    size_t steps;
    unsigned deepest;
    size_t stop_after; /* 0: never */
};

static enum qp_code draw(void *context, const struct qp_trace_step *step, struct qp_err *err)
{
    struct drawing *drawing = context;
    if (drawing->stop_after != 0 && drawing->steps == drawing->stop_after) {
        return qp_fail(err, QP_E_IO, "enough");
    }
    drawing->steps++;
    drawing->deepest = step->depth > drawing->deepest ? step->depth : drawing->deepest;
    return qp_buf_addf(
        &drawing->text, err, "%*s%s %s %s%s%s%s %llu/%llu %s %s %s\n", (int)(step->depth % 20), "",
        step->kind, step->id, step->status, step->last ? " last" : "", step->seen ? " seen" : "",
        step->form[0] != '\0' ? " of" : "", (unsigned long long)(step->drawn_grams / 1000),
        (unsigned long long)(step->grams / 1000), step->event, step->party, step->parent);
}

static void expect(struct qp_log *log, const char *id, enum qp_trace_direction direction,
                   const char *wanted)
{
    struct drawing drawing = {0};
    assert_ok(qp_trace_walk(log, id, direction, draw, &drawing, err));
    assert_string_equal((const char *)drawing.text.data, wanted);
    qp_buf_wipe(&drawing.text);
}

static void walks_from_a_shipment_to_its_plots(void **state)
{
    expect(*state, "cafe-export/s1", QP_TRACE_UPSTREAM,
           "shipment cafe-export/s1 dispatched last 0/600 shipment_dispatched cafe-export \n"
           " lot mill/g1 held last of 600/800 shipment_dispatched cafe-export cafe-export/s1\n"
           "  lot coop-norte/L1 held of 1000/1000 lot_processed mill mill/g1\n"
           "   plot coop-norte/P1 registered last 1000/0 lot_harvested coop-norte coop-norte/L1\n"
           "  lot mill/l2a held last of 100/100 lot_processed mill mill/g1\n"
           "   lot coop-norte/L2 held last of 500/500 lot_processed mill mill/l2a\n"
           "    plot coop-norte/P2 registered last 500/0 lot_harvested coop-norte "
           "coop-norte/L2\n");
}

static void walks_from_a_plot_to_its_shipments(void **state)
{
    expect(*state, "coop-norte/P1", QP_TRACE_DOWNSTREAM,
           "plot coop-norte/P1 registered last 0/0 plot_registered coop-norte \n"
           " lot coop-norte/L1 held last of 1000/1000 lot_harvested mill coop-norte/P1\n"
           "  lot mill/x1 voided of 200/200 lot_processed mill coop-norte/L1\n"
           "  lot mill/g1 held of 1000/800 lot_processed cafe-export coop-norte/L1\n"
           "   shipment cafe-export/s1 dispatched 600/600 shipment_dispatched cafe-export "
           "mill/g1\n"
           "   shipment cafe-export/s2 dispatched last 200/520 shipment_dispatched cafe-export "
           "mill/g1\n"
           "  lot mill/h1 held last of 1000/200 lot_processed mill coop-norte/L1\n");
}

static void shows_a_branch_once_where_ways_meet_again(void **state)
{
    split_and_mix(*state);
    expect(*state, "mill/c", QP_TRACE_UPSTREAM,
           "lot mill/c held last of 0/400 lot_processed mill \n"
           " lot mill/a held of 100/100 lot_processed mill mill/c\n"
           "  lot mill/l2b held last of 400/400 lot_processed mill mill/a\n"
           "   lot coop-norte/L2 held last of 500/500 lot_processed mill mill/l2b\n"
           "    plot coop-norte/P2 registered last 500/0 lot_harvested coop-norte "
           "coop-norte/L2\n"
           " lot mill/b held last of 300/300 lot_processed mill mill/c\n"
           "  lot mill/l2b held last seen of 400/400 lot_processed mill mill/b\n");
}

static void walks_a_chain_of_any_length(void **state)
{
    const unsigned length = 3000;
    const char *from = "coop-sur/L1";
    for (unsigned i = 0; i < length; i++) {
        const char *to = text("coop-sur/C%u", i);
        act("coop-sur", "2026-05-20",
            text("'lot_processed':{'process':'sorting','inputs':[{'lot':'%s','quantity':"
                 "{'grams':300000}}],'outputs':[{'lot':'%s','form':'parchment','quantity':"
                 "{'grams':300000},'kind':'product'}]}",
                 from, to));
        from = to;
    }
    sign("coop-sur");
    admit(*state);
    struct drawing drawing = {0};
    assert_ok(qp_trace_walk(*state, from, QP_TRACE_UPSTREAM, draw, &drawing, err));
    assert_int_equal(drawing.steps, length + 2);
    assert_int_equal(drawing.deepest, length + 1);
    qp_buf_wipe(&drawing.text);
    memset(&drawing, 0, sizeof drawing);
    assert_ok(qp_trace_walk(*state, "coop-sur/S1", QP_TRACE_DOWNSTREAM, draw, &drawing, err));
    assert_int_equal(drawing.deepest, length + 1);
    qp_buf_wipe(&drawing.text);
}

static void passes_on_what_the_caller_says(void **state)
{
    struct drawing drawing = {.stop_after = 2};
    struct qp_err err = {0};
    assert_int_equal(
        qp_trace_walk(*state, "cafe-export/s1", QP_TRACE_UPSTREAM, draw, &drawing, &err), QP_E_IO);
    assert_string_equal(err.text, "enough");
    assert_int_equal(drawing.steps, 2);
    qp_buf_wipe(&drawing.text);
}

static void says_what_it_walks_from(void **state)
{
    struct drawing drawing = {0};
    struct qp_err err = {0};
    assert_int_equal(
        qp_trace_walk(*state, "coop-norte/F1", QP_TRACE_UPSTREAM, draw, &drawing, &err),
        QP_E_NOT_FOUND);
    assert_non_null(
        strstr(err.text, "coop-norte/F1 is a producer; a lot, shipment or plot is wanted"));
    assert_int_equal(
        qp_trace_walk(*state, "coop-norte/l1", QP_TRACE_UPSTREAM, draw, &drawing, &err),
        QP_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "there is a lot coop-norte/L1"));
}

int main(void)
{
#define ON_MARKET(test) cmocka_unit_test_setup_teardown(test, market_open, market_close)
    const struct CMUnitTest tests[] = {
        ON_MARKET(walks_from_a_shipment_to_its_plots),
        ON_MARKET(walks_from_a_plot_to_its_shipments),
        ON_MARKET(shows_a_branch_once_where_ways_meet_again),
        ON_MARKET(walks_a_chain_of_any_length),
        ON_MARKET(passes_on_what_the_caller_says),
        ON_MARKET(says_what_it_walks_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
