/* SPDX-License-Identifier: Apache-2.0 */
/* entra: see the header. */
#include "pinnace/entra.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

/* Behind "AADSTS"; the first one that fits counts. */
static const struct advice {
    struct str code;
    const char *text;
} advices[] = {
    {STR_INIT("70021"),
     "no federated credential of the identity is for this ServiceAccount: add one "
     "with the cluster's OIDC issuer, the subject "
     "system:serviceaccount:NAMESPACE:NAME and the audience "
     "api://AzureADTokenExchange (a new one works after some minutes)"},
    {STR_INIT("700211"),
     "no federated credential of the identity names this issuer: compare it with "
     "the cluster's OIDC issuer URL (az aks show, oidcIssuerProfile)"},
    {STR_INIT("700212"),
     "no federated credential of the identity names this audience: it has to be "
     "api://AzureADTokenExchange"},
    {STR_INIT("700213"), "no federated credential of the identity names this subject: it has to be "
                         "system:serviceaccount:NAMESPACE:NAME of the account that asks"},
    {STR_INIT("700024"),
     "the token in AZURE_FEDERATED_TOKEN_FILE has ended, or a clock is wrong: see "
     "that the file is a projected token that kubelet renews, and the node's time"},
    {STR_INIT("700016"),
     "AZURE_CLIENT_ID is not known in this tenant: it has to be the client id of "
     "the identity, not its object id, and AZURE_TENANT_ID its tenant"},
    {STR_INIT("700027"),
     "the signature of the token cannot be checked: the cluster's OIDC issuer has "
     "to be reachable, with the keys the cluster signs with now"},
    {STR_INIT("700223"), "the token's issuer may not be used here: the tenant's policy forbids it"},
    {STR_INIT("90002"), "AZURE_TENANT_ID names no tenant of this cloud: in a sovereign cloud "
                        "AZURE_AUTHORITY_HOST has to be its own"},
    {STR_INIT("900023"), "AZURE_TENANT_ID is neither an id nor a domain of a tenant"},
    {STR_INIT("7000215"), "AZURE_CLIENT_SECRET is wrong: its value is needed, not its id"},
    {STR_INIT("7000222"),
     "AZURE_CLIENT_SECRET has expired: make a new one, or go without secrets by "
     "workload identity"},
    {STR_INIT("7000112"), "the application is disabled in this tenant"},
    {STR_INIT("500011"),
     "the tenant does not know the audience https://containerregistry.azure.net: "
     "is AZURE_AUTHORITY_HOST that of the registry's cloud?"},
    {STR_INIT("53003"),
     "conditional access forbids it: have the identity excluded, or come from an "
     "address that is allowed"},
    {STR_INIT("50196"), "Entra was asked in a loop; it will be asked less often"},
};

const char *entra_advice(struct str code)
{
    if (!str_starts(code, STR("AADSTS")))
        return NULL;
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
        if (str_eq(str_tail(code, 6), advices[i].code))
            return advices[i].text;
    return NULL;
}

int entra_token_read(struct str body, struct arena *arena, struct str *ret_token, struct err *err)
{
    enum { ACCESS_TOKEN, TOKEN_TYPE, KEYS };
    static const struct str keys[] = {
        [ACCESS_TOKEN] = STR_INIT("access_token"), [TOKEN_TYPE] = STR_INIT("token_type")};
    struct str token = STR_NONE, type = STR_NONE;
    struct scan scan;
    if (body.len > ENTRA_ANSWER_MAX)
        return err_set(err, ERR_LIMIT, "an answer of more than 256 KiB");
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == ACCESS_TOKEN ? &token : &type) = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!str_is_word(token))
        return err_set(err, ERR_INPUT, "access_token: is missing, or cannot be one");
    if (type.len && !str_eq_nocase(type, STR("Bearer")))
        return err_set(err, ERR_INPUT, "token_type: \"Bearer\" was expected");
    *ret_token = token;
    return 0;
}

/* "AADSTS700024: Client assertion is …": the code in front of a description. */
static struct str code_of(struct str description)
{
    size_t end = 6;
    if (!str_starts(description, STR("AADSTS")))
        return STR_NONE;
    while (end < description.len && ascii_is_digit(description.ptr[end]))
        end++;
    return end > 6 ? str_head(description, end) : STR_NONE;
}

/* What follows are numbers for support, each on a line of its own or behind a full stop. */
static struct str first_sentence(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\r' || text.ptr[i] == '\n' ||
            (text.ptr[i] == '.' && i + 1 < text.len && text.ptr[i + 1] == ' '))
            return str_head(text, i);
    return text;
}

void entra_error_read(struct str body, struct arena *arena, struct entra_error *ret_error)
{
    enum { ERROR, DESCRIPTION, KEYS };
    static const struct str keys[] = {
        [ERROR] = STR_INIT("error"), [DESCRIPTION] = STR_INIT("error_description")};
    struct str error = STR_NONE, description = STR_NONE;
    struct scan scan;
    *ret_error = (struct entra_error){.code = STR_NONE};
    if (body.len > ENTRA_ANSWER_MAX)
        return;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;)
        *(key == ERROR ? &error : &description) = scan_string(&scan);
    if (scan_finish(&scan, NULL) < 0)
        return;
    struct str code = code_of(description);
    struct str rest = code.len ? str_tail(description, code.len) : description;
    while (rest.len && (rest.ptr[0] == ':' || rest.ptr[0] == ' '))
        rest = str_tail(rest, 1);
    ret_error->code = code.len ? code : error;
    ret_error->description = first_sentence(rest);
}
