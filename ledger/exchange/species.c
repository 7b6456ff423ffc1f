#include "exchange/species.h"

#include <stddef.h>
#include <string.h>

static const struct qp_species all[] = {
    {"coffee", "Coffee", "Coffea arabica", "Arabica coffee", {"0901"}},
    {"cocoa",
     "Cocoa",
     "Theobroma cacao",
     "Cocoa",
     {"1801", "1802", "1803", "1804", "1805", "1806"}},
    {"banana", "Bananas", "Musa acuminata", "Banana", {NULL}},
    {"aguaje", "Aguaje", "Mauritia flexuosa", "Moriche palm", {NULL}},
    {"alpaca", "Alpaca", "Vicugna pacos", "Alpaca", {NULL}},
};

const struct qp_species *qp_species_find(const char *commodity)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].commodity, commodity) == 0) {
            return &all[i];
        }
    }
    return NULL;
}
