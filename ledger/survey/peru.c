#include "survey/peru.h"

#include "core/check.h"

#include <string.h>

/* Extremes of the departments' outlines (INEI, simplified, github.com/juaneladio/peru-geojson),
 * rounded outward to 0.05 degree, with 0.05 degree more. */
static const struct {
    const char *code;
    struct qp_box box;
} regions[] = {
    {"PE-AMA", {{-788000000, -70500000}, {-770500000, -29000000}}},
    {"PE-ANC", {{-787000000, -108000000}, {-766500000, -80000000}}},
    {"PE-APU", {{-739000000, -149000000}, {-720000000, -131000000}}},
    {"PE-ARE", {{-751500000, -173500000}, {-707500000, -145500000}}},
    {"PE-AYA", {{-752000000, -157000000}, {-727500000, -121000000}}},
    {"PE-CAJ", {{-795500000, -78500000}, {-776500000, -45500000}}},
    {"PE-CAL", {{-772500000, -121500000}, {-770000000, -117500000}}},
    {"PE-CUS", {{-740500000, -155000000}, {-703000000, -111000000}}},
    {"PE-HUC", {{-774000000, -105500000}, {-744500000, -82500000}}},
    {"PE-HUV", {{-759000000, -142000000}, {-742000000, -119000000}}},
    {"PE-ICA", {{-764500000, -155000000}, {-746000000, -129000000}}},
    {"PE-JUN", {{-766000000, -127000000}, {-733000000, -106000000}}},
    {"PE-LAL", {{-797500000, -90500000}, {-768500000, -68500000}}},
    {"PE-LAM", {{-807000000, -72500000}, {-790500000, -54000000}}},
    {"PE-LIM", {{-779500000, -134000000}, {-754500000, -102000000}}},
    {"PE-LMA", {{-779500000, -134000000}, {-754500000, -102000000}}},
    {"PE-LOR", {{-779000000, -88000000}, {-698500000, 500000}}},
    {"PE-MDD", {{-725000000, -134000000}, {-686000000, -98500000}}},
    {"PE-MOQ", {{-715500000, -179000000}, {-699000000, -159000000}}},
    {"PE-PAS", {{-768000000, -112000000}, {-740500000, -93500000}}},
    {"PE-PIU", {{-814000000, -64500000}, {-791500000, -40000000}}},
    {"PE-PUN", {{-712000000, -173500000}, {-687500000, -129500000}}},
    {"PE-SAM", {{-778500000, -88500000}, {-754000000, -53500000}}},
    {"PE-TAC", {{-712000000, -184500000}, {-694000000, -167000000}}},
    {"PE-TUM", {{-811000000, -43000000}, {-800500000, -33500000}}},
    {"PE-UCA", {{-760000000, -115000000}, {-704500000, -72000000}}},
};

struct qp_box qp_peru_box(void)
{
    return (struct qp_box){{-814000000, -184500000}, {-686000000, 500000}};
}

bool qp_peru_region_box(const char *code, struct qp_box *box)
{
    for (size_t i = 0; i < QP_COUNT(regions); i++) {
        if (strcmp(regions[i].code, code) == 0) {
            *box = regions[i].box;
            return true;
        }
    }
    return false;
}

bool qp_box_holds(const struct qp_box *box, struct qp_point point)
{
    return point.longitude_e7 >= box->south_west.longitude_e7 &&
           point.longitude_e7 <= box->north_east.longitude_e7 &&
           point.latitude_e7 >= box->south_west.latitude_e7 &&
           point.latitude_e7 <= box->north_east.latitude_e7;
}
