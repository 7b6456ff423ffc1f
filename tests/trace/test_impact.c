/* What is touched if a thing turns out bad. */
#include "trace/market.h"

#include "trace/counting.h"

static struct qp_impact *impact_of(struct qp_log *log, const char *id, unsigned directions)
{
    struct qp_impact_thing thing = {.id = id};
    struct qp_impact *impact = NULL;
    assert_ok(qp_impact_new(log, &thing, directions, &impact, err));
    return impact;
}

/* "L1 parchment 1000/0 mill held; …" in kilograms. */
static void write_lots(struct qp_buf *text, const struct qp_impact_part *part)
{
    for (size_t i = 0; i < part->lot_count; i++) {
        const struct qp_impact_lot *lot = &part->lots[i];
        assert_ok(qp_buf_addf(text, err, "%s %s %llu/%llu %s %s%s%s; ", lot->id, lot->form,
                              (unsigned long long)lot->grams / 1000,
                              (unsigned long long)lot->left_grams / 1000, lot->holder, lot->status,
                              lot->handed_to[0] != '\0' ? " to " : "", lot->handed_to));
    }
}

static void expect_lots(const struct qp_impact_part *part, const char *wanted)
{
    struct qp_buf text = {0};
    assert_ok(qp_buf_addf(&text, err, "%s", ""));
    write_lots(&text, part);
    assert_string_equal((const char *)text.data, wanted);
    qp_buf_wipe(&text);
}

/* Shipments, then buyers, then forms. */
static void expect_sold(const struct qp_impact *impact, const char *wanted)
{
    struct qp_buf text = {0};
    assert_ok(qp_buf_addf(&text, err, "%s", ""));
    for (size_t i = 0; i < impact->shipment_count; i++) {
        const struct qp_impact_shipment *shipment = &impact->shipments[i];
        assert_ok(qp_buf_addf(&text, err, "%s %s %llu of %llu to %s %s; ", shipment->id,
                              shipment->form, (unsigned long long)shipment->grams / 1000,
                              (unsigned long long)shipment->net_grams / 1000, shipment->consignee,
                              shipment->status));
    }
    for (size_t i = 0; i < impact->buyer_count; i++) {
        const struct qp_impact_buyer *buyer = &impact->buyers[i];
        assert_ok(qp_buf_addf(&text, err, "%s: %zu, %llu %s; ", buyer->party, buyer->shipments,
                              (unsigned long long)buyer->grams / 1000, buyer->form));
    }
    for (size_t i = 0; i < impact->form_count; i++) {
        const struct qp_impact_form *form = &impact->forms[i];
        assert_ok(qp_buf_addf(&text, err, "%s: %zu lots, %llu left, %llu shipped; ", form->form,
                              form->lots, (unsigned long long)form->left_grams / 1000,
                              (unsigned long long)form->shipped_grams / 1000));
    }
    assert_string_equal((const char *)text.data, wanted);
    qp_buf_wipe(&text);
}

static void follows_a_plot_to_the_buyers(void **state)
{
    struct qp_impact *impact = impact_of(*state, "coop-norte/P2", QP_IMPACT_UP | QP_IMPACT_DOWN);
    assert_string_equal(impact->kind, "plot");
    expect_lots(&impact->down,
                "coop-norte/L2 parchment 500/0 mill held; mill/l2a parchment 100/0 mill held; "
                "mill/l2b parchment 400/400 mill held; mill/g1 green 800/0 cafe-export held; "
                "mill/h1 husk 200/200 mill held; ");
    expect_sold(impact,
                "cafe-export/s1 green 600 of 600 to kaffee-nord dispatched; "
                "cafe-export/s2 green 200 of 520 to tee-sued dispatched; "
                "kaffee-nord: 1, 600 green; tee-sued: 1, 200 green; "
                "parchment: 3 lots, 400 left, 0 shipped; green: 1 lots, 0 left, 800 shipped; "
                "husk: 1 lots, 200 left, 0 shipped; ");
    assert_int_equal(impact->consignee_count, 2);
    assert_int_equal(impact->down.plot_count, 1);
    assert_int_equal(impact->up.lot_count + impact->up.plot_count, 0);
    assert_int_equal(impact->up.producer_count, 1);
    assert_string_equal(impact->up.producers[0].id, "coop-norte/F2");
    qp_impact_free(impact);
}

static void tells_what_was_voided_and_counts_it_for_nothing(void **state)
{
    struct qp_impact *impact = impact_of(*state, "coop-norte/L1", QP_IMPACT_DOWN);
    expect_lots(&impact->down,
                "coop-norte/L1 parchment 1000/0 mill held; mill/x1 parchment 200/0 mill voided; "
                "mill/g1 green 800/0 cafe-export held; mill/h1 husk 200/200 mill held; ");
    assert_int_equal(impact->down.voided_count, 1);
    assert_string_equal(impact->forms[0].form, "parchment");
    assert_int_equal(impact->forms[0].lots, 1);
    assert_int_equal(impact->up.producer_count, 0); /* not asked for */
    qp_impact_free(impact);
    impact = impact_of(*state, "mill/x1", QP_IMPACT_UP | QP_IMPACT_DOWN);
    expect_lots(&impact->down, "mill/x1 parchment 200/0 mill voided; ");
    expect_sold(impact, "");
    expect_lots(&impact->up, "coop-norte/L1 parchment 1000/0 mill held; ");
    qp_impact_free(impact);
}

static void a_shipment_is_touched_as_a_whole(void **state)
{
    struct qp_impact *impact = impact_of(*state, "cafe-export/s2", QP_IMPACT_UP | QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count, 0);
    expect_sold(impact, "cafe-export/s2 green 520 of 520 to tee-sued dispatched; "
                        "tee-sued: 1, 520 green; green: 0 lots, 0 left, 520 shipped; ");
    assert_int_equal(impact->up.lot_count, 6);
    assert_int_equal(impact->up.plot_count, 3);
    assert_int_equal(impact->up.producer_count, 3);
    qp_impact_free(impact);
}

/* l2b in two parts and together again, and the whole of it drawn in two ways from L2. */
static void counts_each_lot_once_where_ways_meet_again(void **state)
{
    act("mill", "2026-05-17",
        "'lot_processed':{'process':'splitting','inputs':[{'lot':'mill/l2b','quantity':"
        "{'grams':400000}}],'outputs':[{'lot':'mill/a','form':'parchment','quantity':"
        "{'grams':100000},'kind':'product'},{'lot':'mill/b','form':'parchment','quantity':"
        "{'grams':300000},'kind':'product'}]}");
    act("mill", "2026-05-17",
        "'lot_processed':{'process':'mixing','inputs':[{'lot':'mill/a','quantity':"
        "{'grams':100000}},{'lot':'mill/b','quantity':{'grams':250000}}],'outputs':[{"
        "'lot':'mill/c','form':'parchment','quantity':{'grams':350000},'kind':'product'}]}");
    hand_over("mill/b", "mill", "cafe-export", 50);
    sign("mill");
    admit(*state);
    struct qp_impact *impact = impact_of(*state, "mill/l2b", QP_IMPACT_DOWN);
    expect_lots(&impact->down,
                "mill/l2b parchment 400/0 mill held; mill/a parchment 100/0 mill held; "
                "mill/b parchment 300/50 mill handed to cafe-export; "
                "mill/c parchment 350/350 mill held; ");
    expect_sold(impact, "parchment: 4 lots, 400 left, 0 shipped; ");
    qp_impact_free(impact);
}

/* Two dispatches from one lot, and one that takes two lots of one plot. */
static void adds_up_what_each_shipment_took(void **state)
{
    act("mill", "2026-05-16",
        "'lot_processed':{'process':'hulling','inputs':[{'lot':'mill/l2b',"
        "'quantity':{'grams':400000}}],'outputs':[{'lot':'mill/g4','form':'green',"
        "'quantity':{'grams':300000},'kind':'product'},{'lot':'mill/g5','form':'green',"
        "'quantity':{'grams':20000},'kind':'product'}]}");
    hand_over("mill/g4", "mill", "cafe-export", 300);
    hand_over("mill/g5", "mill", "cafe-export", 20);
    sign("mill");
    take_over("mill/g4", "mill", "cafe-export", 300);
    take_over("mill/g5", "mill", "cafe-export", 20);
    dispatch("cafe-export/s3", "tee-sued", "CSQU3054383",
             "{'lot':'mill/g4','quantity':{'grams':100000}},"
             "{'lot':'mill/g5','quantity':{'grams':20000}}");
    dispatch("cafe-export/s4", "tee-sued", "MSCU6639870",
             "{'lot':'mill/g4','quantity':{'grams':150000}}");
    sign("cafe-export");
    admit(*state);
    struct qp_impact *impact = impact_of(*state, "mill/l2b", QP_IMPACT_DOWN);
    expect_sold(impact, "cafe-export/s3 green 120 of 120 to tee-sued dispatched; "
                        "cafe-export/s4 green 150 of 150 to tee-sued dispatched; "
                        "tee-sued: 2, 270 green; parchment: 1 lots, 0 left, 0 shipped; "
                        "green: 2 lots, 50 left, 270 shipped; ");
    assert_int_equal(impact->consignee_count, 1);
    qp_impact_free(impact);
    impact = impact_of(*state, "mill/g5", QP_IMPACT_DOWN);
    expect_sold(impact, "cafe-export/s3 green 20 of 120 to tee-sued dispatched; "
                        "tee-sued: 1, 20 green; green: 1 lots, 0 left, 20 shipped; ");
    qp_impact_free(impact);
}

static void never_adds_one_form_to_another(void **state)
{
    act("mill", "2026-05-16",
        "'lot_processed':{'process':'splitting','inputs':[{'lot':'mill/l2b',"
        "'quantity':{'grams':7000}}],'outputs':[{'lot':'mill/p1','form':'parchment',"
        "'quantity':{'grams':7000},'kind':'product'}]}");
    act("mill", "2026-05-16",
        "'lot_processed':{'process':'hulling','inputs':[{'lot':'mill/l2b',"
        "'quantity':{'grams':10000}}],'outputs':[{'lot':'mill/p2','form':'green',"
        "'quantity':{'grams':5000},'kind':'product'}]}");
    hand_over("mill/p1", "mill", "cafe-export", 7);
    hand_over("mill/p2", "mill", "cafe-export", 5);
    sign("mill");
    take_over("mill/p1", "mill", "cafe-export", 7);
    take_over("mill/p2", "mill", "cafe-export", 5);
    dispatch("cafe-export/s5", "tee-sued", "CSQU3054383",
             "{'lot':'mill/p1','quantity':{'grams':7000}},"
             "{'lot':'mill/p2','quantity':{'grams':5000}}");
    sign("cafe-export");
    admit(*state);
    struct qp_impact *impact = impact_of(*state, "mill/l2b", QP_IMPACT_DOWN);
    expect_sold(impact, "cafe-export/s5 several 12 of 12 to tee-sued dispatched; "
                        "tee-sued: 1, 7 parchment; tee-sued: 1, 5 green; "
                        "parchment: 2 lots, 383 left, 7 shipped; "
                        "green: 1 lots, 0 left, 5 shipped; ");
    assert_int_equal(impact->consignee_count, 1);
    qp_impact_free(impact);
}

static void sums_stop_at_what_every_reader_can_hold(void **state)
{
    for (unsigned i = 0; i < 12; i++) {
        act("coop-sur", "2026-05-10",
            text("'lot_harvested':{'lot':'coop-sur/B%u','commodity':'coffee','form':'parchment',"
                 "'quantity':{'grams':1000000000000000},'origins':[{'plot':'coop-sur/S1',"
                 "'grams':1000000000000000}],'harvest_from':'2026-05-01',"
                 "'harvest_to':'2026-05-09','crop_year':2026}",
                 i));
    }
    sign("coop-sur");
    admit(*state);
    struct qp_impact *impact = impact_of(*state, "coop-sur/S1", QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count, 13);
    assert_int_equal(impact->forms[0].left_grams, QP_NUMBER_MAX);
    qp_impact_free(impact);
}

static void a_producer_stands_for_its_plots(void **state)
{
    struct qp_impact *impact = impact_of(*state, "coop-norte/F3", QP_IMPACT_UP | QP_IMPACT_DOWN);
    assert_int_equal(impact->down.producer_count, 1);
    assert_int_equal(impact->down.plot_count, 1);
    expect_lots(&impact->down, "coop-norte/L3 parchment 400/0 mill held; "
                               "mill/g3 green 320/0 cafe-export held; ");
    expect_sold(impact, "cafe-export/s2 green 320 of 520 to tee-sued dispatched; "
                        "tee-sued: 1, 320 green; parchment: 1 lots, 0 left, 0 shipped; "
                        "green: 1 lots, 0 left, 320 shipped; ");
    assert_int_equal(impact->up.producer_count, 0);
    qp_impact_free(impact);
}

static void a_certificate_stands_for_what_its_holder_made_in_its_time(void **state)
{
    act("cert-pe", "2026-05-27",
        "'certificate_issued':{'certificate':'cert-pe/c3','scheme':'eu-organic','number':'19',"
        "'holder':'coop-norte','commodities':['coffee'],'valid_from':'2027-01-01',"
        "'valid_to':'2027-12-31'}");
    act("cert-pe", "2026-05-27",
        "'certificate_issued':{'certificate':'cert-pe/c4','scheme':'eu-organic','number':'20',"
        "'holder':'cafe-export','commodities':['coffee'],'valid_from':'2026-05-20',"
        "'valid_to':'2026-12-31'}");
    act("cert-pe", "2026-05-27",
        "'certificate_issued':{'certificate':'cert-pe/c5','scheme':'eu-organic','number':'21',"
        "'holder':'cafe-export','commodities':['cocoa'],'valid_from':'2026-05-20',"
        "'valid_to':'2026-12-31'}");
    sign("cert-pe");
    admit(*state);
    struct qp_impact *impact = impact_of(*state, "cert-pe/c1", QP_IMPACT_UP | QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count, 9); /* all but what coop-sur made; x1 was voided */
    assert_int_equal(impact->down.voided_count, 1);
    assert_int_equal(impact->shipment_count, 2);
    assert_int_equal(impact->up.plot_count, 3);
    qp_impact_free(impact);
    impact = impact_of(*state, "cert-pe/c3", QP_IMPACT_UP | QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count + impact->shipment_count, 0);
    qp_impact_free(impact);
    impact = impact_of(*state, "cert-pe/c4", QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count, 0);
    assert_int_equal(impact->shipment_count, 2);
    assert_int_equal(impact->shipments[0].grams, impact->shipments[0].net_grams);
    qp_impact_free(impact);
    impact = impact_of(*state, "cert-pe/c5", QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count + impact->shipment_count, 0);
    qp_impact_free(impact);
}

/* ---- Keys, parties, events ---- */

static struct qp_impact *impact_of_key(struct qp_log *log, const char *name, bool given,
                                       uint64_t since)
{
    struct qp_impact_thing thing = {
        .key = &who(name)->public_key, .since_given = given, .since = since};
    struct qp_impact *impact = NULL;
    assert_ok(qp_impact_new(log, &thing, QP_IMPACT_UP | QP_IMPACT_DOWN, &impact, err));
    return impact;
}

static void revoke(struct qp_log *log, const char *party, const char *name, uint64_t since)
{
    act("ministry", "2026-05-27",
        text("'key_revoked':{'party':'%s','key':'%s','compromised_since_index':%llu,"
             "'reason':'stolen'}",
             party, hex(who(name)->public_key.bytes, 32), (unsigned long long)since));
    sign("ministry");
    admit(log);
}

static void a_key_stands_for_what_it_signed(void **state)
{
    uint64_t since = made_at(*state, "mill/g1");
    struct qp_impact *impact = impact_of_key(*state, "mill", false, 0);
    assert_string_equal(impact->kind, "key");
    assert_int_equal(impact->entries, 2);
    assert_int_equal(impact->down.lot_count, 9);
    qp_impact_free(impact);
    impact = impact_of_key(*state, "mill", true, since + 1);
    assert_int_equal(impact->entries, 0);
    assert_int_equal(impact->down.lot_count, 0);
    qp_impact_free(impact);
    impact = impact_of_key(*state, "mill", true, since);
    assert_int_equal(impact->entries, 1);
    assert_int_equal(impact->since, since);
    qp_impact_free(impact);
    /* Unless something else is said, it begins where the key came into doubt. */
    revoke(*state, "mill", "mill", since);
    impact = impact_of_key(*state, "mill", false, 0);
    assert_int_equal(impact->entries, 1);
    assert_int_equal(impact->since, since);
    qp_impact_free(impact);
    impact = impact_of_key(*state, "mill", true, 0);
    assert_int_equal(impact->entries, 2);
    qp_impact_free(impact);
}

static void a_key_that_enrolled_others_names_them(void **state)
{
    struct qp_impact *impact = impact_of_key(*state, "reg-uno", false, 0);
    assert_int_equal(impact->party_count, 4);
    assert_string_equal(impact->parties[0], "terminal");
    assert_int_equal(impact->down.lot_count, 0);
    qp_impact_free(impact);
    impact = impact_of_key(*state, "cert-pe", false, 0);
    assert_int_equal(impact->certificate_count, 2); /* issued; the first of them withdrawn too */
    assert_string_equal(impact->certificates[0], "cert-pe/c1");
    qp_impact_free(impact);
}

static void a_party_stands_for_what_all_its_keys_signed(void **state)
{
    struct qp_impact *impact = impact_of(*state, "coop-norte", QP_IMPACT_UP | QP_IMPACT_DOWN);
    assert_string_equal(impact->kind, "party");
    assert_int_equal(impact->entries, 5); /* two keys: land, harvest, papers, voiding; hand-over */
    assert_int_equal(impact->down.producer_count, 3);
    assert_int_equal(impact->down.plot_count, 3);
    assert_int_equal(impact->down.lot_count, 9);
    assert_int_equal(impact->shipment_count, 2);
    assert_int_equal(impact->party_count, 0); /* not itself */
    qp_impact_free(impact);
    /* A terminal makes no lot: it is bad for what went through its gate. */
    impact = impact_of(*state, "terminal", QP_IMPACT_DOWN);
    assert_int_equal(impact->down.lot_count, 0);
    assert_int_equal(impact->shipment_count, 2);
    assert_int_equal(impact->shipments[1].grams, 520000);
    qp_impact_free(impact);
}

static struct qp_impact *impact_of_event(struct qp_log *log, uint64_t index, uint32_t position)
{
    struct qp_impact_thing thing = {.index = index, .position = position};
    struct qp_impact *impact = NULL;
    assert_ok(qp_impact_new(log, &thing, QP_IMPACT_UP | QP_IMPACT_DOWN, &impact, err));
    return impact;
}

static void an_event_stands_for_what_it_made_and_not_for_what_it_drew_from(void **state)
{
    uint64_t milled = made_at(*state, "mill/g1");
    struct qp_impact *impact = impact_of_event(*state, milled, 1); /* the splitting of L2 */
    assert_string_equal(impact->kind, "event");
    expect_lots(&impact->down,
                "mill/l2a parchment 100/0 mill held; mill/l2b parchment 400/400 mill held; "
                "mill/g1 green 800/0 cafe-export held; mill/h1 husk 200/200 mill held; ");
    expect_lots(&impact->up, "coop-norte/L2 parchment 500/0 mill held; ");
    qp_impact_free(impact);
    impact = impact_of_event(*state, milled, 0); /* a voiding: of what touched L1 and made x1 */
    assert_int_equal(impact->down.voided_count, 1);
    assert_int_equal(impact->down.lot_count, 4);
    qp_impact_free(impact);
    impact = impact_of_event(*state, 1, 1); /* an enrolment */
    assert_int_equal(impact->party_count, 1);
    qp_impact_free(impact);
}

static void says_what_it_cannot_find(void **state)
{
    struct qp_public_key nobody = {{1, 2, 3}};
    const struct {
        struct qp_impact_thing thing;
        enum qp_code code;
        const char *text;
    } cases[] = {
        {{.id = "coop-norte/l1"}, QP_E_NOT_FOUND, "there is a lot coop-norte/L1"},
        {{.id = "coop-nort"}, QP_E_NOT_FOUND, "there is a party coop-norte"},
        {{.id = "nobody"}, QP_E_NOT_FOUND, "an event is ENTRY:POSITION"},
        {{.id = ""}, QP_E_NOT_FOUND, "no party"},
        {{.id = "a/b\x1b[31m"}, QP_E_USAGE, "is not an id"},
        {{.kind = "plot", .id = "coop-norte/L1"}, QP_E_NOT_FOUND, "is a lot; a plot is wanted"},
        {{.kind = "party", .id = "coop-nort"}, QP_E_NOT_FOUND, "there is a party coop-norte"},
        {{.kind = "thing", .id = "coop-norte/L1"}, QP_E_USAGE, "no kind of thing"},
        {{.key = &nobody}, QP_E_NOT_FOUND, "key 010203"},
        {{.index = 100000}, QP_E_NOT_FOUND, "there is no entry 100000"},
        {{.index = 0, .position = 7}, QP_E_NOT_FOUND, "has events 0 to 0, and no event 7"},
        {{.id = "coop-norte/L1", .since_given = true}, QP_E_USAGE, "only what a key or a party"},
    };
    char longest[200];
    struct qp_impact *impact = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_err err = {0};
        assert_int_equal(qp_impact_new(*state, &cases[i].thing, 3, &impact, &err), cases[i].code);
        if (strstr(err.text, cases[i].text) == NULL) {
            fail_msg("%s", err.text);
        }
    }
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    struct qp_impact_thing thing = {.id = longest};
    assert_int_equal(qp_impact_new(*state, &thing, 3, &impact, NULL), QP_E_USAGE);
    assert_null(impact);
}

static void an_id_that_names_several_things_wants_a_kind(void **state)
{
    harvest("coop-sur", "coop-sur/S1", "coop-sur/S1", 10);
    sign("coop-sur");
    admit(*state);
    struct qp_impact_thing thing = {.id = "coop-sur/S1"};
    struct qp_impact *impact = NULL;
    struct qp_err err = {0};
    assert_int_equal(qp_impact_new(*state, &thing, 3, &impact, &err), QP_E_USAGE);
    assert_non_null(strstr(err.text, "several things"));
    thing.kind = "plot";
    assert_int_equal(qp_impact_new(*state, &thing, 3, &impact, &err), QP_OK);
    assert_int_equal(impact->down.lot_count, 2);
    qp_impact_free(impact);
    thing.kind = "lot";
    assert_int_equal(qp_impact_new(*state, &thing, 3, &impact, &err), QP_OK);
    assert_int_equal(impact->down.lot_count, 1);
    assert_int_equal(impact->up.plot_count, 1);
    qp_impact_free(impact);
}

/* ---- Taint and impact are one graph, seen from its two ends ---- */

struct seen {
    const char *cause;
    const char *id; /* NULL: a key */
    const struct season_issuer *issuer;
    bool found;
};

static enum qp_code look_for(void *context, const struct qp_taint *taint, struct qp_err *err)
{
    struct seen *seen = context;
    (void)err;
    bool same = strcmp(taint->cause, seen->cause) == 0;
    if (same && seen->id != NULL) {
        same = strcmp(taint->id, seen->id) == 0;
    } else if (same) {
        same = qp_public_key_eq(taint->key, &seen->issuer->public_key);
    }
    seen->found = seen->found || same;
    return QP_OK;
}

static bool touches(const struct qp_impact *impact, const char *id)
{
    for (size_t i = 0; i < impact->down.lot_count; i++) {
        if (strcmp(impact->down.lots[i].id, id) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < impact->shipment_count; i++) {
        if (strcmp(impact->shipments[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void what_a_thing_touches_is_what_is_tainted_by_it(void **state)
{
    static const char *const goods[] = {"coop-norte/L1",  "coop-norte/L2", "coop-norte/L3",
                                        "coop-sur/L1",    "mill/l2a",      "mill/l2b",
                                        "mill/g1",        "mill/g3",       "cafe-export/s1",
                                        "cafe-export/s2", "mill/h1"};
    struct season_issuer mill = *who("mill");
    struct season_issuer assessor = *who("geo-andes");
    struct seen causes[] = {{.cause = "recalled", .id = "mill/l2a"},
                            {.cause = "recalled", .id = "coop-norte/L3"},
                            {.cause = "certificate", .id = "cert-pe/c1"},
                            {.cause = "key", .issuer = &mill},
                            {.cause = "key", .issuer = &assessor}};
    act("mill", "2026-05-26", "'lot_recalled':{'lot':'mill/l2a','reason':'mould'}");
    act("mill", "2026-05-26", "'lot_recalled':{'lot':'coop-norte/L3','reason':'mould'}");
    sign("mill");
    admit(*state);
    revoke(*state, "mill", "mill", made_at(*state, "mill/g1"));
    revoke(*state, "geo-andes", "geo-andes", 1);
    size_t found = 0;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        struct qp_impact *impact = causes[i].id != NULL
                                       ? impact_of(*state, causes[i].id, QP_IMPACT_DOWN)
                                       : impact_of_key(*state, causes[i].issuer->party, false, 0);
        for (size_t k = 0; k < sizeof goods / sizeof goods[0]; k++) {
            causes[i].found = false;
            assert_ok(qp_taint(*state, NULL, goods[k], look_for, &causes[i], err));
            if (causes[i].found != touches(impact, goods[k])) {
                fail_msg("%s and %s %s", goods[k], causes[i].cause,
                         causes[i].id != NULL ? causes[i].id : causes[i].issuer->party);
            }
            found += causes[i].found;
        }
        qp_impact_free(impact);
    }
    assert_true(found > 20);
}

/* ---- Cost ---- */

static size_t rows_of(struct qp_log *log, const struct qp_impact_thing *thing)
{
    struct counting counting;
    struct qp_impact *impact = NULL;
    struct qp_trace_source source = counting_source(&counting, log);
    assert_ok(qp_impact_source(&source, thing, QP_IMPACT_UP | QP_IMPACT_DOWN, &impact, err));
    qp_impact_free(impact);
    return counting.rows;
}

static void reads_no_more_when_the_log_is_longer(void **state)
{
    const struct qp_impact_thing things[] = {{.id = "coop-norte/P1"},
                                             {.id = "mill/g1"},
                                             {.id = "cafe-export/s2"},
                                             {.id = "cert-pe/c1"},
                                             {.id = "mill"},
                                             {.key = &who("mill")->public_key},
                                             {.index = made_at(*state, "mill/g1"), .position = 2}};
    enum { COUNT = sizeof things / sizeof things[0] };
    size_t before[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        before[i] = rows_of(*state, &things[i]);
        assert_true(before[i] > 5 && before[i] < 250);
    }
    for (unsigned i = 0; i < 2000; i++) {
        harvest("coop-sur", text("coop-sur/M%u", i), "coop-sur/S1", 1);
        sign("coop-sur");
        qp_arena_reset(&market.texts);
    }
    admit(*state);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(rows_of(*state, &things[i]), before[i]);
    }
}

/* A statement that no ledger got, given up by the next one: its number is a gap. */
static void leave_a_gap(const char *signer)
{
    struct season_issuer *issuer = who(signer);
    struct qp_hash previous = issuer->previous;
    size_t len = market.records.len;
    act(signer, "2026-05-10", "'lot_recalled':{'lot':'coop-sur/none','reason':'none'}");
    sign(signer);
    market.records.len = len;
    issuer->previous = previous;
    market.folder.season.given_up = 1;
}

/* A key's statements are found where they begin, and not by reading those before. */
static void begins_at_an_entry_without_reading_what_came_before(void **state)
{
    for (unsigned i = 0; i < 500; i++) {
        if (i % 100 == 97) { /* 497 too, where the question begins */
            leave_a_gap("coop-sur");
        }
        harvest("coop-sur", text("coop-sur/M%u", i), "coop-sur/S1", 1);
        sign("coop-sur");
        qp_arena_reset(&market.texts);
    }
    admit(*state);
    struct qp_impact_thing thing = {.key = &who("coop-sur")->public_key,
                                    .since_given = true,
                                    .since = made_at(*state, "coop-sur/M497")};
    struct qp_impact *impact = impact_of_key(*state, "coop-sur", true, thing.since);
    assert_int_equal(impact->entries, 3);
    expect_lots(&impact->down, "coop-sur/M497 parchment 1/1 coop-sur held; "
                               "coop-sur/M498 parchment 1/1 coop-sur held; "
                               "coop-sur/M499 parchment 1/1 coop-sur held; ");
    qp_impact_free(impact);
    assert_true(rows_of(*state, &thing) < 40);
    thing.since = 1;
    assert_true(rows_of(*state, &thing) > 2000);
}

static void fails_cleanly_without_memory(void **state)
{
    const struct qp_impact_thing things[] = {
        {.id = "coop-norte/P1"}, {.id = "cert-pe/c1"}, {.id = "coop-norte"}};
    struct qp_trace_source source = qp_trace_source_log(*state);
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        enum qp_code rc = QP_E_MEMORY;
        uint64_t limit = 0;
        for (; rc != QP_OK; limit++) {
            struct qp_impact *impact = NULL;
            struct qp_err err = {0};
            qp_alloc_fail_after(limit);
            rc = qp_impact_source(&source, &things[i], 3, &impact, &err);
            qp_alloc_fail_after(UINT64_MAX);
            if (rc != QP_OK && rc != QP_E_MEMORY) {
                fail_msg("after %llu allocations: %s", (unsigned long long)limit, err.text);
            }
            assert_true(rc == QP_OK || impact == NULL);
            qp_impact_free(impact);
        }
        assert_true(limit > 15);
    }
}

int main(void)
{
#define ON_MARKET(test) cmocka_unit_test_setup_teardown(test, market_open, market_close)
    const struct CMUnitTest tests[] = {
        ON_MARKET(follows_a_plot_to_the_buyers),
        ON_MARKET(tells_what_was_voided_and_counts_it_for_nothing),
        ON_MARKET(a_shipment_is_touched_as_a_whole),
        ON_MARKET(counts_each_lot_once_where_ways_meet_again),
        ON_MARKET(adds_up_what_each_shipment_took),
        ON_MARKET(never_adds_one_form_to_another),
        ON_MARKET(sums_stop_at_what_every_reader_can_hold),
        ON_MARKET(a_producer_stands_for_its_plots),
        ON_MARKET(a_certificate_stands_for_what_its_holder_made_in_its_time),
        ON_MARKET(a_key_stands_for_what_it_signed),
        ON_MARKET(a_key_that_enrolled_others_names_them),
        ON_MARKET(a_party_stands_for_what_all_its_keys_signed),
        ON_MARKET(an_event_stands_for_what_it_made_and_not_for_what_it_drew_from),
        ON_MARKET(says_what_it_cannot_find),
        ON_MARKET(an_id_that_names_several_things_wants_a_kind),
        ON_MARKET(what_a_thing_touches_is_what_is_tainted_by_it),
        ON_MARKET(reads_no_more_when_the_log_is_longer),
        ON_MARKET(begins_at_an_entry_without_reading_what_came_before),
        ON_MARKET(fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
