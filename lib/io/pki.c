/* SPDX-License-Identifier: Apache-2.0 */
/* pki: see the header. The only file that knows OpenSSL. Making comes first, then reading. */
#include "pinnace/pki.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "pinnace/buf.h"

#include "pinnace/banned.h"

enum { SERIAL_BYTES = 16, NAMES_MAX = 64, BUNDLE_MAX = 64 };

/* --- Handles that free themselves -------------------------------------------------------------- */

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}
static void free_cert(X509 **cert)
{
    X509_free(*cert);
}
static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}
#define BIO_SCOPED __attribute__((cleanup(free_bio)))
#define CERT_SCOPED __attribute__((cleanup(free_cert)))
#define KEY_SCOPED __attribute__((cleanup(free_key)))
#define NAMES_SCOPED __attribute__((cleanup(free_names)))

/* OpenSSL keeps its errors per thread: none must be left for the next one to find. */
static int openssl_error(const char *what, struct err *err)
{
    char words[200];
    ERR_error_string_n(ERR_peek_last_error(), words, sizeof(words));
    ERR_clear_error();
    return err_set(err, ERR_SYSTEM, "%s: %s", what, words);
}

static int not_a(const char *what, struct err *err)
{
    ERR_clear_error();
    return err_set(err, ERR_INPUT, "this is no %s in PEM", what);
}

static BIO *bio_of(struct str text)
{
    return text.len > 0 && text.len < INT32_MAX ? BIO_new_mem_buf(text.ptr, (int)text.len) : NULL;
}

/* Without a password, and never asking a person for one. */
static int no_password(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return 0;
}

static X509 *next_cert(BIO *bio)
{
    return bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
}

static X509 *first_cert(struct str text)
{
    BIO_SCOPED BIO *bio = bio_of(text);
    return next_cert(bio);
}

static EVP_PKEY *read_key(struct str text)
{
    BIO_SCOPED BIO *bio = bio_of(text);
    return bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
}

/* --- Making ------------------------------------------------------------------------------------ */

static int text_of(BIO *bio, struct arena *arena, struct str *ret_text, struct err *err)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    struct str copy = arena_copy(arena, (struct str){bytes, (size_t)len});
    if (!copy.ptr)
        return err_no_memory(err);
    *ret_text = copy;
    return 0;
}

static int cert_text(X509 *cert, struct arena *arena, struct str *ret_text, struct err *err)
{
    BIO_SCOPED BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || PEM_write_bio_X509(bio, cert) != 1)
        return openssl_error("a certificate cannot be written", err);
    return text_of(bio, arena, ret_text, err);
}

static int pair_text(X509 *cert, EVP_PKEY *key, struct arena *arena, struct pki_pair *ret_pair,
                     struct err *err)
{
    BIO_SCOPED BIO *bio = BIO_new(BIO_s_mem());
    struct pki_pair pair;
    if (!bio || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        return openssl_error("a key cannot be written", err);
    if (text_of(bio, arena, &pair.key, err) < 0 || cert_text(cert, arena, &pair.cert, err) < 0)
        return -1;
    *ret_pair = pair;
    return 0;
}

/* Positive, and never the same: two CAs of one name differ in it. */
static bool set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return good;
}

static bool set_name(X509_NAME *name, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool set_basics(X509 *cert, EVP_PKEY *key, const char *name, struct pki_span span)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
           ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)span.not_before) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)span.not_after) &&
           set_name(X509_get_subject_name(cert), name) && X509_set_pubkey(cert, key) == 1;
}

/* An authority's key identifiers tell two CAs of the same name apart, as they must in a rotation. */
int pki_make_ca(const char *name, struct pki_span span, struct arena *arena,
                struct pki_pair *ret_pair, struct err *err)
{
    KEY_SCOPED EVP_PKEY *key = EVP_EC_gen("P-256");
    CERT_SCOPED X509 *cert = X509_new();
    if (!key || !cert || !set_basics(cert, key, name, span) ||
        X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
        !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
        X509_sign(cert, key, EVP_sha256()) == 0)
        return openssl_error("a certificate authority cannot be made", err);
    return pair_text(cert, key, arena, ret_pair, err);
}

static bool is_dns_name(struct str name)
{
    static const struct str others = STR_INIT("-.*");
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.ptr[i]) && !ascii_is_digit(name.ptr[i]) &&
            str_find(others, name.ptr[i]) == STR_NOT_FOUND)
            return false;
    return name.len > 0 && name.len <= 253;
}

static bool add_names(X509 *cert, const struct str *names, size_t count)
{
    NAMES_SCOPED GENERAL_NAMES *list = GENERAL_NAMES_new();
    for (size_t i = 0; list && i < count; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        if (!name || !text || !ASN1_STRING_set(text, names[i].ptr, (int)names[i].len) ||
            !sk_GENERAL_NAME_push(list, name)) {
            GENERAL_NAME_free(name);
            ASN1_IA5STRING_free(text);
            return false;
        }
        GENERAL_NAME_set0_value(name, GEN_DNS, text); /* both are the list's now */
    }
    return list && X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT) == 1;
}

static int check_names(const struct str *names, size_t count, struct err *err)
{
    if (count == 0 || count > NAMES_MAX)
        return err_set(err, ERR_INPUT, "a certificate is for 1 to %d names", NAMES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!is_dns_name(names[i]))
            return err_set(err, ERR_INPUT, "\"%.*s\" is no DNS name", STR_FMT(names[i]));
    return 0;
}

/* The common name has room for 64 bytes; nobody reads it, the names are in the extension. */
int pki_make_leaf(const struct pki_pair *ca, const struct str *names, size_t count,
                  struct pki_span span, struct arena *arena, struct pki_pair *ret_pair,
                  struct err *err)
{
    if (check_names(names, count, err) < 0)
        return -1;
    CERT_SCOPED X509 *issuer = first_cert(ca->cert);
    KEY_SCOPED EVP_PKEY *ca_key = read_key(ca->key);
    if (!issuer || !ca_key)
        return not_a("certificate authority", err);
    KEY_SCOPED EVP_PKEY *key = EVP_EC_gen("P-256");
    CERT_SCOPED X509 *cert = X509_new();
    char common[65];
    snprintf(common, sizeof(common), "%.*s", STR_FMT(names[0]));
    if (!key || !cert || !set_basics(cert, key, common, span) ||
        X509_set_issuer_name(cert, X509_get_subject_name(issuer)) != 1 ||
        !add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(cert, issuer, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(cert, issuer, NID_ext_key_usage, "serverAuth") ||
        !add_extension(cert, issuer, NID_authority_key_identifier, "keyid") ||
        !add_names(cert, names, count) || X509_sign(cert, ca_key, EVP_sha256()) == 0)
        return openssl_error("a certificate cannot be made", err);
    return pair_text(cert, key, arena, ret_pair, err);
}

/* --- Reading ----------------------------------------------------------------------------------- */

int sha256_of(struct str data, struct sha256 *ret_sum, struct err *err)
{
    if (EVP_Digest(data.len ? data.ptr : "", data.len, ret_sum->bytes, NULL, EVP_sha256(), NULL) !=
        1)
        return openssl_error("SHA-256", err);
    return 0;
}

static size_t hmac_of(enum hook_sum sum, struct str key, struct str data,
                      unsigned char ret_sum[HOOK_SUM_MAX_BYTES])
{
    const unsigned char *bytes = (const unsigned char *)(data.len ? data.ptr : "");
    unsigned size = 0;
    if (key.len > INT32_MAX ||
        !HMAC(sum == HOOK_SHA1 ? EVP_sha1() : EVP_sha256(), key.len ? key.ptr : "", (int)key.len,
              bytes, data.len, ret_sum, &size))
        return 0;
    return size;
}

int hmac_sha256_of(struct str key, struct str data, struct sha256 *ret_sum, struct err *err)
{
    if (hmac_of(HOOK_SHA256, key, data, ret_sum->bytes) != sizeof(ret_sum->bytes))
        return openssl_error("HMAC", err);
    return 0;
}

static bool secret_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

const struct hook_tools hook_tools = {.hmac = hmac_of, .equal = secret_eq};

int digest_of(struct str data, struct str algorithm, struct arena *arena, struct str *ret_digest,
              struct err *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const EVP_MD *kind = str_eq(algorithm, STR("sha512")) ? EVP_sha512() : EVP_sha256();
    struct buf digest = BUF_INIT(arena, 256);
    if (EVP_Digest(data.len ? data.ptr : "", data.len, sum, &size, kind, NULL) != 1)
        return openssl_error("a digest cannot be computed", err);
    buf_add(&digest, algorithm);
    buf_add_char(&digest, ':');
    for (unsigned i = 0; i < size; i++)
        buf_addf(&digest, "%02x", sum[i]);
    return buf_finish(&digest, ret_digest, err);
}

static int sum_of(const X509 *cert, struct sha256 *ret_sum, struct err *err)
{
    if (X509_digest(cert, EVP_sha256(), ret_sum->bytes, NULL) != 1)
        return openssl_error("SHA-256", err);
    return 0;
}

/* Days and seconds since 1970: ASN.1 counts neither. */
static bool seconds_of(const ASN1_TIME *time, int64_t *ret_seconds)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    bool good = epoch && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    if (good)
        *ret_seconds = (int64_t)days * 86400 + seconds;
    return good;
}

static int read_names(X509 *cert, struct arena *arena, struct pki_facts *facts, struct err *err)
{
    NAMES_SCOPED GENERAL_NAMES *list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int count = list ? sk_GENERAL_NAME_num(list) : 0;
    facts->names = arena_array(arena, struct str, (size_t)count);
    if (!facts->names)
        return err_no_memory(err);
    for (int i = 0; i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
        if (name->type != GEN_DNS)
            continue;
        const ASN1_STRING *text = name->d.dNSName;
        struct str slice = {(const char *)ASN1_STRING_get0_data(text),
                            (size_t)ASN1_STRING_length(text)};
        struct str copy = arena_copy(arena, slice);
        if (!copy.ptr)
            return err_no_memory(err);
        facts->names[facts->name_count++] = copy;
    }
    return 0;
}

int pki_read(struct str text, struct arena *arena, struct pki_facts *ret_facts, struct err *err)
{
    CERT_SCOPED X509 *cert = first_cert(text);
    struct pki_facts facts = {0};
    if (!cert || !seconds_of(X509_get0_notBefore(cert), &facts.span.not_before) ||
        !seconds_of(X509_get0_notAfter(cert), &facts.span.not_after))
        return not_a("certificate", err);
    facts.is_ca = X509_check_ca(cert) == 1;
    if (sum_of(cert, &facts.sum, err) < 0 || read_names(cert, arena, &facts, err) < 0)
        return -1;
    ERR_clear_error();
    *ret_facts = facts;
    return 0;
}

/* Whether only white space is left. */
static bool at_end(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    for (long i = 0; i < len; i++)
        if (!ascii_is_space(bytes[i]))
            return false;
    return true;
}

int pki_read_bundle(struct str text, struct arena *arena, struct sha256 **ret_sums,
                    size_t *ret_count, struct err *err)
{
    BIO_SCOPED BIO *bio = bio_of(text);
    struct sha256 *sums = arena_array(arena, struct sha256, BUNDLE_MAX);
    size_t count = 0;
    if (!sums)
        return err_no_memory(err);
    while (bio && !at_end(bio)) {
        CERT_SCOPED X509 *cert = next_cert(bio);
        if (!cert)
            return not_a("bundle of certificates", err);
        if (count == BUNDLE_MAX)
            return err_set(err, ERR_LIMIT, "more than %d certificates in a bundle", BUNDLE_MAX);
        if (sum_of(cert, &sums[count++], err) < 0)
            return -1;
    }
    *ret_sums = sums;
    *ret_count = count;
    return 0;
}

int pki_pick(struct str bundle, const struct sha256 *sum, struct arena *arena, struct str *ret_cert,
             struct err *err)
{
    BIO_SCOPED BIO *bio = bio_of(bundle);
    for (;;) {
        CERT_SCOPED X509 *cert = next_cert(bio);
        struct sha256 its;
        if (!cert)
            return not_a("bundle with such a certificate", err);
        if (sum_of(cert, &its, err) < 0)
            return -1;
        if (sha256_eq(&its, sum))
            return cert_text(cert, arena, ret_cert, err);
    }
}

bool pki_signed_by(struct str text, struct str ca_text)
{
    CERT_SCOPED X509 *cert = first_cert(text);
    CERT_SCOPED X509 *ca = first_cert(ca_text);
    bool good = cert && ca && X509_check_issued(ca, cert) == X509_V_OK &&
                X509_verify(cert, X509_get0_pubkey(ca)) == 1;
    ERR_clear_error();
    return good;
}

bool pki_key_fits(const struct pki_pair *pair)
{
    CERT_SCOPED X509 *cert = first_cert(pair->cert);
    KEY_SCOPED EVP_PKEY *key = read_key(pair->key);
    bool good = cert && key && X509_check_private_key(cert, key) == 1;
    ERR_clear_error();
    return good;
}
