/* Last words of a process that reads memory which is not there: a page of a mapped file that is
 * damaged in a way that leads its reader astray, or a file that was cut short under its eyes. For
 * programs, once, at their start; a library has no say in a process's signals. */
#ifndef QP_HOST_CRASH_H
#define QP_HOST_CRASH_H

/* From now on SIGSEGV and SIGBUS write the text on stderr and end the process with this status.
 * text: kept by the caller for ever. Nothing happens in a build with sanitizers, which have words
 * of their own. */
void qp_crash_words(const char *text, int status);

#endif
