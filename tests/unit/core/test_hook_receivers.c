/* SPDX-License-Identifier: Apache-2.0 */
/* What each receiver makes of bodies at the edges; whole ones as senders send them are in tests/cases. */
#include "../hookasked.h"

#include "pinnace/banned.h"

#define MEDIA "application/vnd.oci.image.index.v1+json"
#define NO_PUSH "is no push"
#define NO_IMAGE "is no image"
#define NO_TAG "has no tag"
#define NO_NAME "no image can have"

#define ACR(action, target, host)                                                                  \
    "{'action':'" action "','target':{" target "},'request':{'host':'" host "'}}"
#define APP "'mediaType':'" MEDIA "','repository':'team/app'"

TEST(acr)
{
    static const struct hook_row rows[] = {
        {"a push", ACR("push", APP ",'tag':'v1'", "c.azurecr.io"), "c.azurecr.io/team/app:v1 ", 200,
         ""},
        {"no host", "{'action':'push','target':{" APP ",'tag':'v1'}}", "/team/app:v1 ", 200, ""},
        {"no host it could have", ACR("push", APP ",'tag':'v1'", "a b"), "", 200, NO_NAME},
        {"a host with a path", ACR("push", APP ",'tag':'v1'", "c.azurecr.io/x"), "", 200, NO_NAME},
        {"an empty tag", ACR("push", APP ",'tag':''", "c.azurecr.io"), "", 200, NO_TAG},
        {"no tag", ACR("push", APP, "c.azurecr.io"), "", 200, NO_TAG},
        {"a digest for a tag", ACR("push", APP ",'tag':'" D1 "'", "c.azurecr.io"), "", 200, NO_TAG},
        {"a chart", ACR("chart_push", APP ",'tag':'v1'", "c.azurecr.io"), "", 200, NO_PUSH},
        {"a deletion", ACR("delete", APP, "c.azurecr.io"), "", 200, NO_PUSH},
        {"quarantine", ACR("quarantine", APP ",'tag':'v1'", "c.azurecr.io"), "", 200, NO_PUSH},
        {"a ping", "{'action':'ping'}", "", 200, NO_PUSH},
        {"a blob", ACR("push", "'mediaType':'x/y','repository':'a','tag':'1'", "c.azurecr.io"), "",
         200, NO_IMAGE},
        {"no action", "{'target':{}}", "", 400, "action: is missing"},
        {"a target that is text", "{'action':'push','target':'x'}", "", 400, "object"},
        {"a key with a dot is no path", "{'action':'push','target.tag':'v1'}", "", 200, NO_TAG},
        {"twice", "{'action':'push','target':{'tag':'a','tag':'b'}}", "", 400, "twice"},
        {"two targets", "{'action':'push','target':{'tag':'a'},'target':{'tag':'b'}}", "", 400,
         "twice"},
        {"a list", "[]", "", 400, "object"},
    };
    check_rows("/hooks/acr", rows, COUNT(rows));
}

#define GRID(type, data) "{'eventType':'Microsoft." type "','data':" data "}"
#define CLOUD(type, data) "{'specversion':'1.0','type':'Microsoft." type "','data':" data "}"
#define PUSHED(tag) ACR("push", APP ",'tag':'" tag "'", "c.azurecr.io")

TEST(eventgrid)
{
    static const struct hook_row rows[] = {
        {"its schema", "[" GRID("ContainerRegistry.ImagePushed", PUSHED("v1")) "]",
         "c.azurecr.io/team/app:v1 ", 200, ""},
        {"CloudEvents", CLOUD("ContainerRegistry.ImagePushed", PUSHED("v1")),
         "c.azurecr.io/team/app:v1 ", 200, ""},
        {"a batch of both",
         "[" GRID("ContainerRegistry.ImagePushed", PUSHED("v1")) "," CLOUD(
             "ContainerRegistry.ImagePushed",
             PUSHED("v2")) "," GRID("ContainerRegistry.ImageDeleted", "{'action':'delete'}") "]",
         "c.azurecr.io/team/app:v1 c.azurecr.io/team/app:v2 ", 200, ""},
        {"an empty batch", "[]", "", 200, "it tells of nothing"},
        {"another type", GRID("ContainerRegistry.ChartPushed", PUSHED("v1")), "", 200, NO_PUSH},
        {"of another service", GRID("Storage.BlobCreated", "{'api':'PutBlob'}"), "", 200, NO_PUSH},
        {"a data version that is none", GRID("ContainerRegistry.ImagePushed", "{'action':1}"), "",
         400, "string"},
        {"data that is text", GRID("ContainerRegistry.ImagePushed", "'x'"), "", 400, "object"},
        {"no data", GRID("ContainerRegistry.ImagePushed", "null"), "", 200, NO_PUSH},
        {"no type", "[{'data':{}}]", "", 400, "without a type"},
        {"a handshake without a code", GRID("EventGrid.SubscriptionValidationEvent", "{}"), "", 200,
         NO_PUSH},
    };
    check_rows("/hooks/eventgrid", rows, COUNT(rows));
}

TEST(eventgrid_handshake)
{
    TEST_ARENA(arena);
    struct hook_verdict verdict;
    struct str body =
        json_of(&arena, "[" GRID("EventGrid.SubscriptionValidationEvent",
                                 "{'validationCode':'5-a\\\"b','validationUrl':'https://x/'}") "]");
    ask("/hooks/eventgrid", body, NULL, NULL, &arena, &verdict);
    CHECK_INT("accepted", verdict.accepted, true);
    CHECK_STR("the code", verdict.answer, STR("{\"validationResponse\":\"5-a\\\"b\"}"));
    struct str code = run_of(&arena, 'x', 100000);
    body = json_format(&arena,
                       GRID("EventGrid.SubscriptionValidationEvent", "{'validationCode':'%.*s'}"),
                       STR_FMT(code));
    ask("/hooks/eventgrid", body, NULL, NULL, &arena, &verdict);
    CHECK("a long code is cut", verdict.answer.len < 300);
}

TEST(dockerhub)
{
    static const struct hook_row rows[] = {
        {"a push", "{'push_data':{'tag':'v1'},'repository':{'repo_name':'acme/app'}}",
         "docker.io/acme/app:v1 ", 200, ""},
        {"of the library", "{'push_data':{'tag':'1'},'repository':{'repo_name':'library/nginx'}}",
         "docker.io/library/nginx:1 ", 200, ""},
        {"no tag", "{'push_data':{},'repository':{'repo_name':'acme/app'}}", "", 200, NO_TAG},
        {"no repository", "{'push_data':{'tag':'1'}}", "", 400, "repository.repo_name: is missing"},
        {"a name with a host",
         "{'push_data':{'tag':'1'},'repository':{'repo_name':'evil.example.com/app'}}",
         "docker.io/evil.example.com/app:1 ", 200, ""},
    };
    check_rows("/hooks/dockerhub", rows, COUNT(rows));
}

#define ECR(account, region, detail)                                                               \
    "{'source':'aws.ecr','detail-type':'ECR Image Action','account':'" account                     \
    "','region':'" region "','detail':{'result':'SUCCESS','action-type':'PUSH'," detail "}}"

TEST(ecr)
{
    static const struct hook_row rows[] = {
        {"a push",
         ECR("123456789012", "us-west-2", "'repository-name':'team/app','image-tag':'v1'"),
         "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:v1 ", 200, ""},
        {"in China", ECR("1", "cn-north-1", "'repository-name':'app','image-tag':'v1'"),
         "1.dkr.ecr.cn-north-1.amazonaws.com.cn/app:v1 ", 200, ""},
        {"no tag", ECR("1", "eu-west-1", "'repository-name':'app'"), "", 200, NO_TAG},
        {"an empty tag", ECR("1", "eu-west-1", "'repository-name':'app','image-tag':''"), "", 200,
         NO_TAG},
        {"a region that is no part of a host",
         ECR("1", "eu/x", "'repository-name':'a','image-tag':'1'"), "", 200, NO_NAME},
        {"no account", ECR("", "eu-west-1", "'repository-name':'app','image-tag':'1'"), "", 400,
         "account and region"},
        {"it failed",
         "{'source':'aws.ecr','detail-type':'ECR Image Action','detail':{'result':'FAILURE',"
         "'action-type':'PUSH'}}",
         "", 200, NO_PUSH},
        {"a scan", "{'source':'aws.ecr','detail-type':'ECR Image Scan','detail':{}}", "", 200,
         NO_PUSH},
        {"of another service", "{'source':'aws.s3','detail-type':'Object Created'}", "", 200,
         NO_PUSH},
        {"no event", "{}", "", 400, "source: is missing"},
    };
    check_rows("/hooks/ecr", rows, COUNT(rows));
}

/* The base64 is of {"action":"INSERT","tag":"eu.gcr.io/p/app:v1"} and its like. */
#define PUBSUB(data) "{'message':{'data':'" data "','messageId':'1'},'subscription':'s'}"

TEST(gcr)
{
    static const struct hook_row rows[] = {
        {"a push", PUBSUB("eyJhY3Rpb24iOiJJTlNFUlQiLCJ0YWciOiJldS5nY3IuaW8vcC9hcHA6djEifQ=="),
         "eu.gcr.io/p/app:v1 ", 200, ""},
        {"no tag", PUBSUB("eyJhY3Rpb24iOiJJTlNFUlQifQ=="), "", 200, NO_TAG},
        {"a deletion", PUBSUB("eyJhY3Rpb24iOiJERUxFVEUifQ=="), "", 200, NO_PUSH},
        {"nothing in it", PUBSUB("e30="), "", 400, "message.data: action: is missing"},
        {"no JSON in it", PUBSUB("eA=="), "", 400, "message.data: "},
        {"no base64", PUBSUB("e{}"), "", 400, "message.data: "},
        {"no data", "{'message':{}}", "", 400, "message.data: is missing"},
    };
    check_rows("/hooks/gcr", rows, COUNT(rows));
}

#define PACKAGE(action, more)                                                                      \
    "{'action':'" action "','package':{'package_type':'CONTAINER'," more "}}"
#define VERSION(url, tag)                                                                          \
    "'package_version':{'package_url':'" url "','container_metadata':{'tag':{'name':'" tag "'}}}"

TEST(github)
{
    static const struct hook_row rows[] = {
        {"published", PACKAGE("published", VERSION("ghcr.io/Acme/App:v1", "v1")),
         "ghcr.io/acme/app:v1 ", 200, ""},
        {"updated", PACKAGE("updated", VERSION("ghcr.io/acme/app:v1", "v1")),
         "ghcr.io/acme/app:v1 ", 200, ""},
        {"for an app",
         "{'action':'published','registry_package':{'package_type':'docker'," VERSION(
             "ghcr.io/acme/app:v1", "v1") "}}",
         "ghcr.io/acme/app:v1 ", 200, ""},
        {"its tag alone", PACKAGE("published", VERSION("ghcr.io/acme/app:", "v2")),
         "ghcr.io/acme/app:v2 ", 200, ""},
        {"without metadata",
         PACKAGE("published", "'package_version':{'container_metadata':null,"
                              "'package_url':'ghcr.io/acme/app:v3'}"),
         "ghcr.io/acme/app:v3 ", 200, ""},
        {"without a reference",
         PACKAGE("published", "'namespace':'Acme','name':'app/web','package_version':{"
                              "'container_metadata':{'tag':{'name':'v1'}}}"),
         "ghcr.io/acme/app/web:v1 ", 200, ""},
        {"a port is no tag", PACKAGE("published", VERSION("r.example.com:5000/a/b", "v1")),
         "r.example.com:5000/a/b:v1 ", 200, ""},
        {"a child of an index", PACKAGE("published", VERSION("ghcr.io/acme/app:", "")), "", 200,
         NO_TAG},
        {"npm", "{'action':'published','package':{'package_type':'npm'}}", "", 200, NO_IMAGE},
        {"deleted", PACKAGE("deleted", VERSION("ghcr.io/acme/app:v1", "v1")), "", 200, NO_PUSH},
        {"a push of code", "{'ref':'refs/heads/main'}", "", 200, NO_PUSH},
        {"a ping", "{'zen':'Keep it logically awesome.','hook_id':1}", "", 200, "ping"},
        {"no object", "'x'", "", 400, "object"},
    };
    check_rows("/hooks/github", rows, COUNT(rows));
}

TEST(github_forms)
{
    static const char *const type[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    static const struct {
        const char *body, *hints;
        unsigned status;
    } rows[] = {
        {"payload=%7B%22action%22%3A%22published%22%2C%22package%22:{%22package_type%22:%"
         "22CONTAINER"
         "%22,%22package_version%22:{%22package_url%22:%22ghcr.io/a/b:1%22}}}",
         "ghcr.io/a/b:1 ", 200},
        {"payload={}", "", 200},
        {"payload={+%22a%22:+1}&x=y", "", 200},
        {"payload=%7", "", 400},
        {"payload=%GG", "", 400},
        {"payload=%7B%7D&payload={}", "", 400},
        {"{}", "", 400},
        {"", "", 400},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TEST_ARENA(arena);
        struct hook_verdict verdict;
        ask("/hooks/github", str_of(rows[i].body), NULL, type, &arena, &verdict);
        CHECK_INT(rows[i].body, verdict.status, rows[i].status);
        CHECK_STR(rows[i].body, shown(&verdict.hints, &arena), str_of(rows[i].hints));
    }
    TEST_ARENA(arena);
    struct hook_verdict verdict;
    ask("/hooks/acr", STR("payload={}"), NULL, type, &arena, &verdict);
    CHECK_INT("from others JSON is wanted", verdict.status, 415);
}

#define HARBOR(type, resources) "{'type':'" type "','event_data':{'resources':[" resources "]}}"
#define RESOURCE(tag, url) "{'digest':'" D1 "','tag':'" tag "','resource_url':'" url "'}"

TEST(harbor)
{
    static const struct hook_row rows[] = {
        {"a push", HARBOR("PUSH_ARTIFACT", RESOURCE("v1", "h.example.com/team/app:v1")),
         "h.example.com/team/app:v1 ", 200, ""},
        {"several",
         HARBOR("PUSH_ARTIFACT", RESOURCE("v1", "h.example.com:8443/a:v1") "," RESOURCE(
                                     "v2", "h.example.com:8443/a:v2")),
         "h.example.com:8443/a:v1 h.example.com:8443/a:v2 ", 200, ""},
        {"of its first version", HARBOR("pushImage", RESOURCE("v1", "h.example.com/a/b:v1")),
         "h.example.com/a/b:v1 ", 200, ""},
        {"a CloudEvent",
         "{'specversion':'1.0','type':'harbor.artifact.pushed','data':{'resources':[" RESOURCE(
             "v1", "h.example.com/a/b:v1") "]}}",
         "h.example.com/a/b:v1 ", 200, ""},
        {"by digest", HARBOR("PUSH_ARTIFACT", RESOURCE("", "h.example.com/a/b@" D1)), "", 200,
         NO_TAG},
        {"a digest for a tag", HARBOR("PUSH_ARTIFACT", RESOURCE(D1, "h.example.com/a/b@" D1)), "",
         200, NO_TAG},
        {"a port and no tag", HARBOR("PUSH_ARTIFACT", RESOURCE("v1", "h.example.com:80/a")), "",
         200, NO_TAG},
        {"a pull", HARBOR("PULL_ARTIFACT", RESOURCE("v1", "h.example.com/a/b:v1")), "", 200,
         NO_PUSH},
        {"a scan",
         "{'type':'SCANNING_COMPLETED','event_data':{'resources':[{'scan_overview':{}}]}}", "", 200,
         NO_PUSH},
        {"no resources", "{'type':'PUSH_ARTIFACT'}", "", 200, "it tells of nothing"},
        {"resources of text", "{'type':'PUSH_ARTIFACT','event_data':{'resources':'x'}}", "", 400,
         "resources: "},
        {"no type", "{}", "", 400, "type: is missing"},
    };
    check_rows("/hooks/harbor", rows, COUNT(rows));
}

TEST(quay)
{
    static const struct hook_row rows[] = {
        {"two tags", "{'docker_url':'quay.io/team/app','updated_tags':['v1','latest']}",
         "quay.io/team/app:v1 quay.io/team/app:latest ", 200, ""},
        {"tags first", "{'updated_tags':['v1'],'docker_url':'q.example.com:8443/team/app'}",
         "q.example.com:8443/team/app:v1 ", 200, ""},
        {"no tags", "{'docker_url':'quay.io/team/app','updated_tags':[]}", "", 200,
         "it tells of nothing"},
        {"another event", "{'docker_url':'quay.io/team/app','build_id':'x'}", "", 200, NO_PUSH},
        {"an empty tag", "{'docker_url':'quay.io/team/app','updated_tags':['']}", "", 200, NO_TAG},
        {"a number", "{'docker_url':'quay.io/team/app','updated_tags':[1]}", "", 400, "string"},
        {"no address", "{'updated_tags':['v1']}", "", 400, "docker_url: is missing"},
    };
    check_rows("/hooks/quay", rows, COUNT(rows));
}

#define JFROG(domain, event)                                                                       \
    "{'domain':'" domain "','event_type':'" event                                                  \
    "','data':{'repo_key':'docker-local','image_name':'team/app','tag':'v1'}}"

TEST(jfrog)
{
    static const struct hook_row rows[] = {
        {"a push", JFROG("docker", "pushed"), "/team/app:v1 /docker-local/team/app:v1 ", 200, ""},
        {"promoted", JFROG("docker", "promoted"), "/team/app:v1 /docker-local/team/app:v1 ", 200,
         ""},
        {"deleted", JFROG("docker", "deleted"), "", 200, NO_PUSH},
        {"an artifact", "{'domain':'artifact','event_type':'deployed','data':{}}", "", 200,
         NO_PUSH},
        {"of another kind", JFROG("build", "pushed"), "", 200, NO_IMAGE},
        {"no tag", "{'domain':'docker','event_type':'pushed','data':{'image_name':'a'}}", "", 200,
         NO_TAG},
        {"no domain", "{}", "", 400, "domain: is missing"},
    };
    check_rows("/hooks/jfrog", rows, COUNT(rows));
}

#define NEXUS(action, more) "{'repositoryName':'docker','action':'" action "'," more "}"
#define ASSET(name) "'asset':{'format':'docker','name':'" name "'}"

TEST(nexus)
{
    static const struct hook_row rows[] = {
        {"a component",
         NEXUS("CREATED", "'component':{'format':'docker','name':'team/app','version':'v1'}"),
         "/team/app:v1 /docker/team/app:v1 ", 200, ""},
        {"an asset", NEXUS("UPDATED", ASSET("v2/team/app/manifests/v1")),
         "/team/app:v1 /docker/team/app:v1 ", 200, ""},
        {"an asset with a slash", NEXUS("CREATED", ASSET("/v2/app/manifests/v1")),
         "/app:v1 /docker/app:v1 ", 200, ""},
        {"an asset by digest", NEXUS("CREATED", ASSET("v2/app/manifests/" D1)), "", 200, NO_TAG},
        {"a layer", NEXUS("CREATED", ASSET("v2/-/blobs/" D1)), "", 200, NO_IMAGE},
        {"an asset of no name", NEXUS("CREATED", ASSET("v2/manifests/v1")), "", 200, NO_IMAGE},
        {"nearly no name", NEXUS("CREATED", ASSET("v2//manifests/v1")), "", 200, NO_IMAGE},
        {"npm", NEXUS("CREATED", "'component':{'format':'npm','name':'x','version':'1'}"), "", 200,
         NO_IMAGE},
        {"deleted", NEXUS("DELETED", ASSET("v2/app/manifests/v1")), "", 200, NO_PUSH},
        {"no repository", "{'action':'CREATED'}", "", 400, "repositoryName: is missing"},
    };
    check_rows("/hooks/nexus", rows, COUNT(rows));
}

#define GITEA(action, type, version)                                                               \
    "{'action':'" action "','package':{'type':'" type "','name':'app','version':'" version         \
    "','owner':{'login':'Acme'},'html_url':'https://git.example.com:3000/Acme/-/packages/'}}"

TEST(gitea)
{
    static const struct hook_row rows[] = {
        {"created", GITEA("created", "container", "v1"), "git.example.com:3000/acme/app:v1 ", 200,
         ""},
        {"by digest", GITEA("created", "container", D1), "", 200, NO_TAG},
        {"deleted", GITEA("deleted", "container", "v1"), "", 200, NO_PUSH},
        {"npm", GITEA("created", "npm", "1.0.0"), "", 200, NO_IMAGE},
        {"a push of code", "{'ref':'refs/heads/main'}", "", 200, NO_PUSH},
        {"no page",
         "{'action':'created','package':{'type':'container','name':'app','version':'v1',"
         "'owner':{'login':'acme'}}}",
         "/acme/app:v1 ", 200, ""},
        {"no list", "[]", "", 400, "object"},
    };
    check_rows("/hooks/gitea", rows, COUNT(rows));
}

#define PIPELINE(status, tag)                                                                      \
    "{'object_kind':'pipeline','object_attributes':{'ref':'v1.4.2','tag':" tag                     \
    ",'status':'" status "'},'project':{'path_with_namespace':'Team/app'}}"

TEST(gitlab)
{
    static const struct hook_row rows[] = {
        {"a pipeline of a tag", PIPELINE("success", "true"), "/team/app:v1.4.2 ", 200, ""},
        {"that runs", PIPELINE("running", "true"), "", 200, "has not ended well"},
        {"of a branch", PIPELINE("success", "false"), "", 200, "of a branch"},
        {"a push of code", "{'object_kind':'push','project':{}}", "", 200, NO_PUSH},
        {"neither", "{}", "", 400, "events: is missing"},
    };
    check_rows("/hooks/gitlab", rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acr),
        cmocka_unit_test(eventgrid),
        cmocka_unit_test(eventgrid_handshake),
        cmocka_unit_test(dockerhub),
        cmocka_unit_test(ecr),
        cmocka_unit_test(gcr),
        cmocka_unit_test(github),
        cmocka_unit_test(github_forms),
        cmocka_unit_test(harbor),
        cmocka_unit_test(quay),
        cmocka_unit_test(jfrog),
        cmocka_unit_test(nexus),
        cmocka_unit_test(gitea),
        cmocka_unit_test(gitlab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
