/* Deliveries against what their plots can give in a crop year, as far as this can be known where no
 * ledger is: over the journal and the file, and not over other buyers. */
#include "issue/import_priv.h"

#include "core/check.h"
#include "issue/suggested.h"
#include "rules/rules.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)
#define M2_PER_HA UINT64_C(10000)
#define FORM_COUNT ((int)QP__FORM__FORM_SOLUBLE + 1)

enum qp_code qp_import_rules_read(struct qp_span json, struct qp_arena *arena,
                                  const Qp__RuleSetPublished **rules, struct qp_err *err)
{
    json_t *parsed = NULL;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_json_parse(json, &parsed, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!json_is_object(json_object_get(parsed, "rule_set_published"))) {
        rc = qp_fail(err, QP_E_INPUT,
                     "it is not one event with a rule_set_published, as the operator signs it");
    } else if (json_object_get(parsed, "nonce") == NULL &&
               json_object_set_new(parsed, "nonce",
                                   json_string("00000000000000000000000000000000")) != 0) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for rules");
    }
    if (rc == QP_OK) {
        rc = qp_json_decode(&qp_rule_event, parsed, arena, &event, err);
    }
    json_decref(parsed);
    if (rc == QP_OK) {
        *rules = event->rule_set_published;
    }
    return rc;
}

/* Where the ledger's own are not given: its yields are suggestions of the trade, no norm, so
 * nothing is refused by them. */
static enum qp_code get_rules(struct qp_importing *in, struct qp_err *why)
{
    in->rules = in->options->rules != NULL ? in->options->rules : in->rules;
    return in->rules != NULL ? QP_OK
                             : qp_import_rules_read(qp_span_of(suggested, sizeof suggested),
                                                    &in->rules_arena, &in->rules, why);
}

/* Parts per million of the cap's form; 0: no rule says it. */
static uint64_t factor_to(const Qp__RuleSetPublished *rules, const Qp__YieldCap *cap, Qp__Form form)
{
    if (form == cap->form) {
        return MILLION;
    }
    const Qp__ConversionFactor *factor = qp_rules_factor(rules, cap->commodity, form, cap->form);
    return factor == NULL ? 0 : factor->factor_ppm;
}

/* What the plot has given before this row, in the form of the cap. */
static wide given_before(const struct qp_importing *in, const struct qp_catalog *catalog,
                         const char *plot, const Qp__LotHarvested *harvest, const Qp__YieldCap *cap)
{
    wide sum = 0;
    for (int form = 1; form < FORM_COUNT; form++) {
        uint64_t grams = qp_catalog_harvested(catalog, plot, harvest, (Qp__Form)form);
        sum += (wide)grams * factor_to(in->rules, cap, (Qp__Form)form) / MILLION;
    }
    return sum;
}

static enum qp_code check_plot(struct qp_importing *in, const Qp__LotHarvested *harvest,
                               const Qp__HarvestOrigin *origin, const Qp__YieldCap *cap,
                               struct qp_err *why)
{
    const struct qp_catalog_item *plot = qp_import_find(in, QP_CATALOG_PLOT, origin->plot);
    uint64_t factor = factor_to(in->rules, cap, harvest->form);
    char form[40];
    if (plot == NULL || plot->declared_m2 == 0 || factor == 0) {
        return QP_OK; /* the ledger judges it */
    }
    wide in_file = given_before(in, in->local, origin->plot, harvest, cap);
    wide before = in_file + given_before(in, in->options->known, origin->plot, harvest, cap);
    wide after = before + (wide)origin->grams * factor / MILLION;
    wide warn = (wide)cap->warn_grams_per_ha * plot->declared_m2 / M2_PER_HA;
    wide most = (wide)cap->refuse_grams_per_ha * plot->declared_m2 / M2_PER_HA;
    uint64_t kilograms = (uint64_t)(after / 1000);
    qp_enum_name(form, &qp__form__descriptor, (int)cap->form);
    if (after > most && in->options->rules != NULL) {
        return qp_refuse(why, "QP-HARVEST-CAP",
                         "plots: %s would have given %" PRIu64 " kg (%s) in crop year %u; its "
                         "%" PRIu64 ".%02" PRIu64 " ha can give %" PRIu64 " kg by rule set %s",
                         origin->plot, kilograms, form, harvest->crop_year,
                         plot->declared_m2 / M2_PER_HA, plot->declared_m2 % M2_PER_HA / 100,
                         (uint64_t)(most / 1000), in->rules->rule_set);
    }
    /* Once for each limit that is passed, not for every delivery after that. */
    wide limit = after > most ? most : warn;
    if (after > limit && (before <= limit || in_file == 0)) {
        qp_import_warn(in,
                       "plots: %s has given %" PRIu64 " kg (%s) in crop year %u; for its %" PRIu64
                       ".%02" PRIu64 " ha more than %" PRIu64 " kg is %s",
                       origin->plot, kilograms, form, harvest->crop_year,
                       plot->declared_m2 / M2_PER_HA, plot->declared_m2 % M2_PER_HA / 100,
                       (uint64_t)(limit / 1000),
                       after > most ? "hardly possible, and a ledger may refuse it" : "a lot");
    }
    return QP_OK;
}

enum qp_code qp_import_check_yield(struct qp_importing *in, const Qp__LotHarvested *harvest,
                                   struct qp_err *why)
{
    enum qp_code rc = get_rules(in, why);
    const Qp__YieldCap *cap =
        rc == QP_OK ? qp_rules_yield_cap(in->rules, harvest->commodity) : NULL;
    for (size_t i = 0; rc == QP_OK && cap != NULL && i < harvest->n_origins; i++) {
        rc = check_plot(in, harvest, harvest->origins[i], cap, why);
    }
    return rc;
}
