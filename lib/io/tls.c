/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: see the header. Each handshake gets copies of certificate and key that GnuTLS frees when it
 * is over; so what is in use can be replaced at any time and nobody holds on to what is old.
 */
#include "tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pinnace/file.h"

#include "pinnace/banned.h"

enum {
    FILE_MAX = 256 * 1024,
    CHAIN_MAX = 16,
    KEY_ID_SIZE = 32,
};

const char tls_priorities[] =
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+SHA256:"
    "+SHA384:+ECDHE-ECDSA:+ECDHE-RSA:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA384:"
    "+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA512:+SIGN-ECDSA-SECP521R1-SHA512:"
    "+SIGN-EDDSA-ED25519:+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512:"
    "+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:"
    "+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:+CTYPE-X509:+COMP-NULL:"
    "%SERVER_PRECEDENCE";

/* What was read together. */
struct identity {
    gnutls_x509_crt_t *chain;
    unsigned count;
    gnutls_x509_privkey_t key;
    gnutls_x509_trust_list_t clients; /* NULL: no certificate is asked for */
    int64_t expires;
};

/* A file as it was: another of these, another file. */
struct mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

enum { FILES = 3 };

struct marks {
    struct mark of[FILES];
};

struct tls {
    struct httpd_tls files;
    pthread_mutex_t lock; /* of identity */
    struct identity identity;
    struct marks read, bad; /* these two and told belong to the thread that refreshes */
    bool told;
};

static void free_identity(struct identity *identity)
{
    for (unsigned i = 0; i < identity->count; i++)
        gnutls_x509_crt_deinit(identity->chain[i]);
    gnutls_free(identity->chain);
    if (identity->key)
        gnutls_x509_privkey_deinit(identity->key);
    if (identity->clients)
        gnutls_x509_trust_list_deinit(identity->clients, 1);
    *identity = (struct identity){0};
}
#define IDENTITY_SCOPED __attribute__((cleanup(free_identity)))

static int fail(const char *file, const char *what, int code, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: %s: %s", file, what, gnutls_strerror(code));
}

/* GnuTLS takes unsigned bytes that it does not change. */
static gnutls_datum_t datum_of(struct str text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text.ptr, (unsigned)text.len};
}

static int read_chain(const char *file, struct arena *arena, struct identity *identity,
                      struct err *err)
{
    struct str text;
    if (file_read(file, FILE_MAX, arena, &text, err) < 0)
        return -1;
    gnutls_datum_t datum = datum_of(text);
    int code =
        gnutls_x509_crt_list_import2(&identity->chain, &identity->count, &datum,
                                     GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (code < 0)
        return fail(file, "holds no certificate with its chain in order", code, err);
    if (identity->count > CHAIN_MAX)
        return err_set(err, ERR_LIMIT, "%s: more than %d certificates", file, CHAIN_MAX);
    identity->expires = (int64_t)gnutls_x509_crt_get_expiration_time(identity->chain[0]);
    return 0;
}

static int read_key(const char *file, struct arena *arena, struct identity *identity,
                    struct err *err)
{
    struct str text;
    if (file_read(file, FILE_MAX, arena, &text, err) < 0)
        return -1;
    gnutls_datum_t datum = datum_of(text);
    int code = gnutls_x509_privkey_init(&identity->key);
    if (code == 0)
        code = gnutls_x509_privkey_import2(identity->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_memset(datum.data, 0, datum.size);
    return code < 0 ? fail(file, "holds no private key without a password", code, err) : 0;
}

static int check_pair(const struct tls *tls, const struct identity *identity, struct err *err)
{
    unsigned char of_cert[KEY_ID_SIZE], of_key[KEY_ID_SIZE];
    size_t cert_size = sizeof(of_cert), key_size = sizeof(of_key);
    if (gnutls_x509_crt_get_key_id(identity->chain[0], GNUTLS_KEYID_USE_SHA256, of_cert,
                                   &cert_size) < 0 ||
        gnutls_x509_privkey_get_key_id(identity->key, GNUTLS_KEYID_USE_SHA256, of_key, &key_size) <
            0 ||
        memcmp(of_cert, of_key, KEY_ID_SIZE) != 0)
        return err_set(err, ERR_INPUT, "%s: is not the key of %s", tls->files.key_file,
                       tls->files.cert_file);
    return 0;
}

static int read_clients(const char *file, struct arena *arena, struct identity *identity,
                        struct err *err)
{
    struct str text;
    if (!file)
        return 0;
    if (file_read(file, FILE_MAX, arena, &text, err) < 0)
        return -1;
    gnutls_datum_t datum = datum_of(text);
    int code = gnutls_x509_trust_list_init(&identity->clients, 0);
    if (code == 0)
        code = gnutls_x509_trust_list_add_trust_mem(identity->clients, &datum, NULL,
                                                    GNUTLS_X509_FMT_PEM, 0, 0);
    if (code < 0)
        return fail(file, "holds no CA certificates", code, err);
    if (code == 0)
        return err_set(err, ERR_INPUT, "%s: holds no CA certificates", file);
    return 0;
}

static int read_identity(struct tls *tls, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4 * FILE_MAX);
    struct identity identity IDENTITY_SCOPED = {0};
    if (read_chain(tls->files.cert_file, &arena, &identity, err) < 0 ||
        read_key(tls->files.key_file, &arena, &identity, err) < 0 ||
        check_pair(tls, &identity, err) < 0 ||
        read_clients(tls->files.client_ca_file, &arena, &identity, err) < 0)
        return -1;
    pthread_mutex_lock(&tls->lock);
    struct identity before = tls->identity;
    tls->identity = identity;
    pthread_mutex_unlock(&tls->lock);
    identity = before;
    return 0;
}

static struct marks look(const struct tls *tls)
{
    const char *names[FILES] = {tls->files.cert_file, tls->files.key_file,
                                tls->files.client_ca_file};
    struct marks marks = {0};
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        if (!names[i] || stat(names[i], &st) < 0)
            continue;
        marks.of[i].device = st.st_dev;
        marks.of[i].inode = st.st_ino;
        marks.of[i].size = st.st_size;
        marks.of[i].changed = st.st_mtim;
    }
    return marks;
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool same_marks(const struct marks *a, const struct marks *b)
{
    for (int i = 0; i < FILES; i++)
        if (!same_mark(&a->of[i], &b->of[i]))
            return false;
    return true;
}

int tls_reload(struct tls *tls, struct err *err)
{
    struct marks now = look(tls);
    if (read_identity(tls, err) < 0) {
        tls->bad = now;
        tls->told = true;
        return -1;
    }
    tls->read = now;
    return 0;
}

int tls_refresh(struct tls *tls, bool *ret_changed, struct err *err)
{
    struct marks now = look(tls);
    *ret_changed = false;
    if (same_marks(&now, &tls->read))
        return 0;
    if (read_identity(tls, err) == 0) {
        tls->read = now;
        *ret_changed = true;
        return 0;
    }
    bool again = same_marks(&now, &tls->bad);
    bool tell = again && !tls->told;
    tls->told = again;
    tls->bad = now;
    return tell ? -1 : 0;
}

int tls_open(const struct httpd_tls *files, struct tls **ret_tls, struct err *err)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return err_no_memory(err);
    tls->files = *files;
    pthread_mutex_init(&tls->lock, NULL);
    if (tls_reload(tls, err) < 0) {
        tls_close(&tls);
        return -1;
    }
    *ret_tls = tls;
    return 0;
}

void tls_close(struct tls **tls)
{
    if (!*tls)
        return;
    free_identity(&(*tls)->identity);
    pthread_mutex_destroy(&(*tls)->lock);
    free(*tls);
    *tls = NULL;
}

int64_t tls_expires(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    int64_t expires = tls->identity.expires;
    pthread_mutex_unlock(&tls->lock);
    return expires;
}

/* What GnuTLS will free by GNUTLS_CERT_RETR_DEINIT_ALL. */
struct loan {
    gnutls_pcert_st *chain;
    unsigned count;
    gnutls_privkey_t key;
};

static void take_back(struct loan *loan)
{
    for (unsigned i = 0; i < loan->count; i++)
        gnutls_pcert_deinit(&loan->chain[i]);
    gnutls_free(loan->chain);
    if (loan->key)
        gnutls_privkey_deinit(loan->key);
}

static int lend(const struct identity *identity, struct loan *loan)
{
    loan->chain = gnutls_malloc(identity->count * sizeof(*loan->chain));
    if (!loan->chain || gnutls_privkey_init(&loan->key) < 0 ||
        gnutls_privkey_import_x509(loan->key, identity->key, GNUTLS_PRIVKEY_IMPORT_COPY) < 0)
        return -1;
    for (; loan->count < identity->count; loan->count++)
        if (gnutls_pcert_import_x509(&loan->chain[loan->count], identity->chain[loan->count], 0) <
            0)
            return -1;
    return 0;
}

static int retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **chain, unsigned *count, gnutls_ocsp_data_st **ocsp,
                    unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    struct tls *tls = gnutls_db_get_ptr(session);
    struct loan loan = {0};
    (void)info;
    pthread_mutex_lock(&tls->lock);
    int code = lend(&tls->identity, &loan);
    pthread_mutex_unlock(&tls->lock);
    if (code < 0) {
        take_back(&loan);
        return -1;
    }
    *chain = loan.chain;
    *count = loan.count;
    *key = loan.key;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return 0;
}

void *tls_retrieve_function(void)
{
    return (void *)(uintptr_t)retrieve;
}

static bool is_trusted(gnutls_x509_trust_list_t clients, gnutls_x509_crt_t *chain, unsigned count)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned problems = 1;
    int code =
        gnutls_x509_trust_list_verify_crt2(clients, chain, count, &purpose, 1, 0, &problems, NULL);
    return code == 0 && problems == 0;
}

/* Called within the handshake; anything but 0 ends it. */
static int verify_client(gnutls_session_t session)
{
    struct tls *tls = gnutls_db_get_ptr(session);
    unsigned sent = 0, count = 0;
    const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &sent);
    gnutls_x509_crt_t chain[CHAIN_MAX];
    bool sound = raw && sent > 0 && sent <= CHAIN_MAX;
    while (sound && count < sent) {
        sound = gnutls_x509_crt_init(&chain[count]) == 0;
        if (!sound)
            break;
        sound = gnutls_x509_crt_import(chain[count], &raw[count], GNUTLS_X509_FMT_DER) == 0;
        count++;
    }
    pthread_mutex_lock(&tls->lock);
    bool trusted = sound && is_trusted(tls->identity.clients, chain, count);
    pthread_mutex_unlock(&tls->lock);
    while (count > 0)
        gnutls_x509_crt_deinit(chain[--count]);
    return trusted ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* The session database is not used, so its pointer is free to lead from a session to its tls. */
void tls_greet(struct tls *tls, void *session)
{
    gnutls_db_set_ptr(session, tls);
    if (!tls->files.client_ca_file)
        return;
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_function(session, verify_client);
}
