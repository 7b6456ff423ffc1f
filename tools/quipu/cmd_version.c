/* quipu version: three numbers of ours, and the libraries that the program was built with. */
#include "cli.h"

#include <quipu/version.h>

enum qp_code cmd_version(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_spec spec = {
        .name = "version",
        .operands = "",
        .about = "Print the version of the program, of the format that is signed and travels, and "
                 "of the ledger's store, and the versions of the libraries it was built with.",
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (cli->json) {
        cli_json(cli, json_pack("{s:s, s:i, s:i, s:{s:s, s:s, s:s, s:s, s:s}}", "version",
                                QP_VERSION, "format", QP_FORMAT_VERSION, "store", QP_STORE_VERSION,
                                "libraries", "libsodium", QP_BUILT_SODIUM, "nettle",
                                QP_BUILT_NETTLE, "lmdb", QP_BUILT_LMDB, "protobuf-c",
                                QP_BUILT_PROTOBUF_C, "jansson", QP_BUILT_JANSSON));
        return QP_OK;
    }
    printf("quipu %s, format %d, store %d\n", QP_VERSION, QP_FORMAT_VERSION, QP_STORE_VERSION);
    printf("libsodium %s, nettle %s, LMDB %s, protobuf-c %s, jansson %s\n", QP_BUILT_SODIUM,
           QP_BUILT_NETTLE, QP_BUILT_LMDB, QP_BUILT_PROTOBUF_C, QP_BUILT_JANSSON);
    return QP_OK;
}
