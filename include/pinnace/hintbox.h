/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hintbox: hints on their way from the threads that are told them to the loop that looks. It holds a
 * thousand at most, each once, and whoever puts something in waits for nobody.
 */
#ifndef PINNACE_HINTBOX_H
#define PINNACE_HINTBOX_H

#include "pinnace/pushevent.h"

struct hintbox;

int hintbox_open(struct hintbox **ret_box, struct err *err);
void hintbox_close(struct hintbox **box);

/* Can be read whenever there is something in it. */
int hintbox_fd(const struct hintbox *box);

/* By any thread. All of them or, where there is no room, none; the strings are copied. */
bool hintbox_put(struct hintbox *box, const struct push_hints *hints);

/* By the one thread of the loop: empties it. What is put in meanwhile is for the next time. */
void hintbox_take(struct hintbox *box, void (*each)(void *context, const struct push_hint *hint),
                  void *context);

#endif
