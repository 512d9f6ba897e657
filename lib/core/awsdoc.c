/* SPDX-License-Identifier: Apache-2.0 */
/* awsdoc: see the header. */
#include "pinnace/awsdoc.h"

#include "pinnace/base64.h"
#include "pinnace/scan.h"
#include "pinnace/xmlleaf.h"

#include "pinnace/banned.h"

/* --- Credentials ------------------------------------------------------------------------------- */

static int check_key(const struct aws_key *key, struct err *err)
{
    if (!str_is_word(key->id) || !str_is_word(key->secret))
        return err_set(err, ERR_INPUT,
                       "AccessKeyId or SecretAccessKey: is missing, or cannot be one");
    if (!str_is_word(key->token))
        return err_set(err, ERR_INPUT, "the session's token is missing, or cannot be one");
    return 0;
}

static int check_size(struct str body, struct err *err)
{
    if (body.len > AWSDOC_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "an answer of more than 256 KiB");
    return 0;
}

int sts_answer_read(struct str body, struct arena *arena, struct aws_key *ret_key, struct err *err)
{
    static const struct str names[] = {STR_INIT("AccessKeyId"), STR_INIT("SecretAccessKey"),
                                       STR_INIT("SessionToken")};
    struct str texts[3];
    if (check_size(body, err) < 0 || xml_leaves_read(body, names, 3, arena, texts, err) < 0)
        return -1;
    struct aws_key key = {texts[0], texts[1], texts[2]};
    if (check_key(&key, err) < 0)
        return -1;
    *ret_key = key;
    return 0;
}

int aws_key_read(struct str body, struct arena *arena, struct aws_key *ret_key, struct err *err)
{
    enum { CODE, ID, SECRET, TOKEN, KEYS };
    static const struct str keys[] = {[CODE] = STR_INIT("Code"),
                                      [ID] = STR_INIT("AccessKeyId"),
                                      [SECRET] = STR_INIT("SecretAccessKey"),
                                      [TOKEN] = STR_INIT("Token")};
    struct str values[KEYS] = {{0}};
    struct scan scan;
    if (check_size(body, err) < 0)
        return -1;
    scan_begin(&scan, body, arena);
    scan.derived = true; /* no part of it in an error */
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;)
        values[key] = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (values[CODE].len && !str_eq(values[CODE], STR("Success")))
        return err_set(err, ERR_INPUT, "Code: \"%.*s\", where \"Success\" was expected",
                       (int)(values[CODE].len > 100 ? 100 : values[CODE].len), values[CODE].ptr);
    struct aws_key key = {values[ID], values[SECRET], values[TOKEN]};
    if (check_key(&key, err) < 0)
        return -1;
    *ret_key = key;
    return 0;
}

/* --- The metadata service ---------------------------------------------------------------------- */

static struct str first_line(struct str text)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] != '\n' && text.ptr[len] != '\r')
        len++;
    return str_head(text, len);
}

int aws_role_read(struct str body, struct str *ret_role, struct err *err)
{
    struct str role = first_line(body);
    bool good = role.len > 0 && role.len <= 128;
    for (size_t i = 0; i < role.len && good; i++)
        good = ascii_is_alpha(role.ptr[i]) || ascii_is_digit(role.ptr[i]) ||
               str_find(STR("+=,.@_-"), role.ptr[i]) != STR_NOT_FOUND;
    if (!good)
        return err_set(err, ERR_INPUT, "this is no list of roles");
    *ret_role = role;
    return 0;
}

int aws_session_read(struct str body, struct str *ret_token, struct err *err)
{
    struct str token = first_line(body);
    if (!str_is_word(token) || token.len > 4096)
        return err_set(err, ERR_INPUT, "this is no token");
    *ret_token = token;
    return 0;
}

/* --- ECR --------------------------------------------------------------------------------------- */

static bool digits_read(struct str text, uint64_t most, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.ptr[i]))
            return false;
        if (number < most)
            number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return true;
}

/*
 * "1790043200", "1790043200.123", "1.790043200123E9": the seconds of it, 0 if it is out of reach. No
 * sum of fractions: it would be a second less on some machines.
 */
static int64_t whole_of(struct str number)
{
    static const uint64_t most = UINT64_C(1000000000000000);
    size_t mark = 0;
    while (mark < number.len && ascii_lower(number.ptr[mark]) != 'e')
        mark++;
    struct str mantissa = str_head(number, mark);
    struct str power = mark < number.len ? str_tail(number, mark + 1) : STR_NONE;
    if (str_starts(power, STR("+")))
        power = str_tail(power, 1);
    size_t point = str_find(mantissa, '.');
    struct str whole = point == STR_NOT_FOUND ? mantissa : str_head(mantissa, point);
    struct str fraction = point == STR_NOT_FOUND ? STR_NONE : str_tail(mantissa, point + 1);
    uint64_t value, exponent, rest;
    if (!digits_read(whole, most, &value) || !digits_read(power, 100, &exponent) ||
        !digits_read(fraction, most, &rest))
        return 0;
    for (size_t i = 0; i < exponent && value < most; i++)
        value = value * 10 + (i < fraction.len ? (uint64_t)(fraction.ptr[i] - '0') : 0);
    return value < most ? (int64_t)value : 0;
}

static void scan_authorization(struct scan *scan, struct str *ret_token, struct str *ret_expires)
{
    static const struct str keys[] = {STR_INIT("authorizationToken"), STR_INIT("expiresAt")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;)
        if (key == 0)
            *ret_token = scan_string(scan);
        else
            *ret_expires = scan_value(scan);
}

/* The first one: all of them let us in everywhere. */
static void scan_data(struct scan *scan, bool is_public, struct str *ret_token,
                      struct str *ret_expires)
{
    if (is_public) {
        scan_authorization(scan, ret_token, ret_expires);
        return;
    }
    struct scan_elements elements = scan_array(scan);
    for (bool first = true; scan_element(scan, &elements); first = false)
        if (first)
            scan_authorization(scan, ret_token, ret_expires);
        else
            scan_value(scan);
}

static int read_login(struct str token, struct arena *arena, struct ecr_token *ecr, struct err *err)
{
    struct str plain = STR_NONE;
    struct err why = {ERR_INPUT, ""};
    if (!token.len || base64_decode(token, arena, &plain, &why) < 0)
        return why.kind == ERR_MEMORY
                   ? err_no_memory(err)
                   : err_set(err, ERR_INPUT, "authorizationToken: is missing, or is not base64");
    size_t colon = str_find(plain, ':');
    if (colon == STR_NOT_FOUND || !str_is_word(plain) || colon == 0 || colon + 1 == plain.len)
        return err_set(err, ERR_INPUT, "authorizationToken: is no NAME:PASSWORD in base64");
    ecr->username = str_head(plain, colon);
    ecr->password = str_tail(plain, colon + 1);
    return 0;
}

int ecr_token_read(struct str body, bool is_public, struct arena *arena,
                   struct ecr_token *ret_token, struct err *err)
{
    static const struct str keys[] = {STR_INIT("authorizationData")};
    struct str token = STR_NONE, expires = STR_NONE;
    struct ecr_token ecr = {.expires = 0};
    struct scan scan;
    if (check_size(body, err) < 0)
        return -1;
    scan_begin(&scan, body, arena);
    scan.derived = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        scan_data(&scan, is_public, &token, &expires);
    if (scan_finish(&scan, err) < 0 || read_login(token, arena, &ecr, err) < 0)
        return -1;
    ecr.expires = whole_of(expires);
    if (!ecr.expires)
        return err_set(err, ERR_INPUT, "expiresAt: is missing, or is no point in time");
    *ret_token = ecr;
    return 0;
}

/* --- Errors ------------------------------------------------------------------------------------ */

/* "com.amazon.coral.service#AccessDeniedException" */
static struct str behind_hash(struct str type)
{
    size_t hash = str_rfind(type, '#');
    return hash == STR_NOT_FOUND ? type : str_tail(type, hash + 1);
}

static bool read_json_error(struct str body, struct arena *arena, struct aws_error *error)
{
    enum { TYPE, CODE, MESSAGE, CAPITAL, KEYS };
    static const struct str keys[] = {[TYPE] = STR_INIT("__type"),
                                      [CODE] = STR_INIT("code"),
                                      [MESSAGE] = STR_INIT("message"),
                                      [CAPITAL] = STR_INIT("Message")};
    struct str values[KEYS] = {{0}};
    struct scan scan;
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;)
        values[key] = scan_string(&scan);
    if (scan_finish(&scan, NULL) < 0)
        return false;
    error->code = behind_hash(values[TYPE].len ? values[TYPE] : values[CODE]);
    error->message = values[MESSAGE].len ? values[MESSAGE] : values[CAPITAL];
    return true;
}

/* What an agent says has its code in words: "(AccessDeniedException): …". */
static void read_words(struct str body, struct aws_error *error)
{
    size_t begin = str_find(body, '('), end = str_find(body, ')');
    if (begin != STR_NOT_FOUND && end != STR_NOT_FOUND && begin < end &&
        str_is_word(str_between(body.ptr + begin + 1, body.ptr + end)))
        error->code = str_between(body.ptr + begin + 1, body.ptr + end);
    error->message = body;
}

void aws_error_read(struct str body, struct arena *arena, struct aws_error *ret_error)
{
    static const struct str names[] = {STR_INIT("Code"), STR_INIT("Message")};
    struct aws_error error = {.code = STR_NONE};
    struct str texts[2] = {{0}};
    if (body.len <= AWSDOC_MAX_BYTES && !read_json_error(body, arena, &error)) {
        if (str_starts(body, STR("<")) && xml_leaves_read(body, names, 2, arena, texts, NULL) == 0)
            error = (struct aws_error){texts[0], texts[1]};
        else if (!str_starts(body, STR("<")))
            read_words(body, &error);
    }
    error.message = first_line(error.message);
    *ret_error = error;
}

struct advice {
    struct str code;
    const char *text;
};

static const struct advice sts_advices[] = {
    {STR_INIT("AccessDenied"),
     "the role's trust policy has to let in the cluster's OIDC provider with the subject "
     "system:serviceaccount:NAMESPACE:NAME of this account and the audience sts.amazonaws.com"},
    {STR_INIT("InvalidIdentityToken"),
     "the account has to have an OIDC provider in IAM for the cluster's issuer, with the audience "
     "sts.amazonaws.com (eksctl utils associate-iam-oidc-provider)"},
    {STR_INIT("ExpiredTokenException"),
     "the token in AWS_WEB_IDENTITY_TOKEN_FILE has ended: see that the file is a projected token "
     "that kubelet renews, and the node's time"},
    {STR_INIT("IDPRejectedClaim"),
     "the role's trust policy, or the OIDC provider in IAM, names another audience or subject"},
    {STR_INIT("RegionDisabledException"),
     "STS is not activated in this region for the account: set AWS_REGION to one that is"},
    {STR_INIT("ValidationError"), "AWS_ROLE_ARN is no role's ARN"},
};

static const struct advice ecr_advices[] = {
    {STR_INIT("AccessDeniedException"),
     "the role needs ecr:GetAuthorizationToken for all resources, and ecr:BatchGetImage and "
     "ecr:ListImages for the repository (AmazonEC2ContainerRegistryReadOnly has them)"},
    {STR_INIT("UnrecognizedClientException"),
     "AWS does not know these keys: they were deleted, or are of another part of the world"},
    {STR_INIT("InvalidSignatureException"),
     "AWS_SECRET_ACCESS_KEY is not that of AWS_ACCESS_KEY_ID, or a proxy changes requests"},
    {STR_INIT("ExpiredTokenException"), "the session behind the keys has ended: AWS_SESSION_TOKEN "
                                        "has to be a new one, with its keys"},
    {STR_INIT("OptInRequired"), "the region is not enabled for the account"},
};

static const char *advice_of(const struct advice *advices, size_t count, struct str code)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(advices[i].code, code))
            return advices[i].text;
    return NULL;
}

const char *aws_advice(struct str code, bool of_sts)
{
    return of_sts ? advice_of(sts_advices, sizeof(sts_advices) / sizeof(sts_advices[0]), code)
                  : advice_of(ecr_advices, sizeof(ecr_advices) / sizeof(ecr_advices[0]), code);
}

static bool is_one_of(struct str code, const struct str *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(codes[i], code))
            return true;
    return false;
}

bool aws_is_throttled(struct str code)
{
    static const struct str codes[] = {STR_INIT("ThrottlingException"), STR_INIT("Throttling"),
                                       STR_INIT("TooManyRequestsException"),
                                       STR_INIT("RequestLimitExceeded")};
    return is_one_of(code, codes, sizeof(codes) / sizeof(codes[0]));
}

bool aws_is_passing(struct str code)
{
    static const struct str codes[] = {STR_INIT("IDPCommunicationError"),
                                       STR_INIT("ServerException"), STR_INIT("InternalFailure"),
                                       STR_INIT("ServiceUnavailable")};
    return is_one_of(code, codes, sizeof(codes) / sizeof(codes[0]));
}

bool aws_is_about_time(struct str code)
{
    static const struct str codes[] = {STR_INIT("InvalidSignatureException"),
                                       STR_INIT("RequestTimeTooSkewed"), STR_INIT("RequestExpired"),
                                       STR_INIT("SignatureDoesNotMatch")};
    return is_one_of(code, codes, sizeof(codes) / sizeof(codes[0]));
}
