/* SPDX-License-Identifier: Apache-2.0 */
/*
 * banned: calls that overflow, guess or keep hidden state do not compile here. Every .c file
 * includes this last (a lint test looks), so that system headers are not touched.
 */
#ifndef PINNACE_BANNED_H
#define PINNACE_BANNED_H

#define BANNED(func) sorry_##func##_is_banned_see_banned_h

#undef strcpy
#define strcpy(...) BANNED(strcpy)
#undef strncpy
#define strncpy(...) BANNED(strncpy)
#undef strcat
#define strcat(...) BANNED(strcat)
#undef strncat
#define strncat(...) BANNED(strncat)
#undef strtok
#define strtok(...) BANNED(strtok)
#undef strtok_r
#define strtok_r(...) BANNED(strtok_r)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef gets
#define gets(...) BANNED(gets)
#undef atoi
#define atoi(...) BANNED(atoi)
#undef atol
#define atol(...) BANNED(atol)
#undef atof
#define atof(...) BANNED(atof)
#undef scanf
#define scanf(...) BANNED(scanf)
#undef sscanf
#define sscanf(...) BANNED(sscanf)
#undef gmtime
#define gmtime(...) BANNED(gmtime)
#undef localtime
#define localtime(...) BANNED(localtime)
#undef ctime
#define ctime(...) BANNED(ctime)
#undef asctime
#define asctime(...) BANNED(asctime)
#undef setlocale
#define setlocale(...) BANNED(setlocale)
#undef rand
#define rand(...) BANNED(rand)
#undef system
#define system(...) BANNED(system)
#undef popen
#define popen(...) BANNED(popen)
#undef alloca
#define alloca(...) BANNED(alloca)
/* cJSON's look-up that ignores case, and its reader without the strict gate (json.h). */
#undef cJSON_GetObjectItem
#define cJSON_GetObjectItem(...) BANNED(cJSON_GetObjectItem)
#undef cJSON_Parse
#define cJSON_Parse(...) BANNED(cJSON_Parse)

#endif
