/* What plots gave in a crop year, of what an issuer has signed. */
#include "issue/catalog.h"

#include <stdio.h>

#define HARVEST_ID_BYTES 160

static void harvest_id(char id[HARVEST_ID_BYTES], const char *plot, const Qp__LotHarvested *harvest,
                       Qp__Form form)
{
    snprintf(id, HARVEST_ID_BYTES, "%.100s %u %d %d", plot, harvest->crop_year,
             (int)harvest->commodity, (int)form);
}

static struct qp_catalog_item *find_harvest(struct qp_catalog *catalog, const char *plot,
                                            const Qp__LotHarvested *harvest)
{
    char id[HARVEST_ID_BYTES];
    harvest_id(id, plot, harvest, harvest->form);
    return qp_catalog_change(catalog, QP_CATALOG_HARVEST, id);
}

uint64_t qp_catalog_harvested(const struct qp_catalog *catalog, const char *plot,
                              const Qp__LotHarvested *harvest, Qp__Form form)
{
    char id[HARVEST_ID_BYTES];
    harvest_id(id, plot, harvest, form);
    const struct qp_catalog_item *item = qp_catalog_find(catalog, QP_CATALOG_HARVEST, id);
    return item == NULL ? 0 : item->grams;
}

enum qp_code qp_catalog_add_harvest(struct qp_catalog *catalog, const Qp__LotHarvested *harvest,
                                    struct qp_err *err)
{
    for (size_t i = 0; i < harvest->n_origins; i++) {
        const char *plot = harvest->origins[i]->plot;
        char id[HARVEST_ID_BYTES];
        harvest_id(id, plot, harvest, harvest->form);
        struct qp_catalog_item item = {.kind = QP_CATALOG_HARVEST, .id = id};
        enum qp_code rc = qp_catalog_add(catalog, &item, err);
        if (rc != QP_OK) {
            return rc;
        }
        find_harvest(catalog, plot, harvest)->grams += harvest->origins[i]->grams;
    }
    return QP_OK;
}

/* What was voided has not been harvested. Its code stays used. */
void qp_catalog_take_back(struct qp_catalog *catalog, const Qp__LotHarvested *harvest)
{
    for (size_t i = 0; i < harvest->n_origins; i++) {
        struct qp_catalog_item *sum = find_harvest(catalog, harvest->origins[i]->plot, harvest);
        if (sum != NULL) {
            uint64_t grams = harvest->origins[i]->grams;
            sum->grams -= grams < sum->grams ? grams : sum->grams; /* it may be voided twice */
        }
    }
}
