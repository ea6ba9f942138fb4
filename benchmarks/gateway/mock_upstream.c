/* The one upstream of the gateway benchmark.
 *
 * Speaks just enough HTTP/1.1 to stand in for an OpenAI-compatible cloud, on one thread, at a few CPU microseconds a
 * request, so that it is never what is measured. Usage: mock_upstream COUNT; it listens on COUNT free loopback ports,
 * prints them on one line and serves until it is killed.
 *
 *   POST, body under 4 KB    chat completion of about 0.8 KB
 *   POST, body under 100 KB  chat completion of about 8 KB
 *   POST, larger             chat completion of about 200 KB
 *   POST with "stream":true  20 chunks, 5 ms apart, then [DONE]; a usage chunk only when "include_usage":true
 *   GET /count               {"requests":N,"streams":N} since the start
 *
 * It trusts its callers to be gateways under test: a malformed request closes the connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CHUNKS = 20, GAP_NS = 5000000, MAX_REQUEST = 4 << 20, ANSWERS = 3, EVENTS = 256 };

struct text { char *bytes; size_t length; };

struct connection {
    int fd;
    int chunk;                 /* next stream chunk to send, -1 when not streaming */
    int wants_usage;
    int watches_output;
    uint64_t due;
    struct connection *next;   /* in the queue of paced streams */
    struct text in;
    size_t in_capacity;
    const char *out;           /* rest of a large answer that the socket did not take at once */
    size_t out_left;
};

static struct text answers[ANSWERS];
static const size_t answer_sizes[ANSWERS] = {822, 8000, 200000};
static struct text stream_chunks[CHUNKS], stream_end, stream_end_with_usage;
static struct connection *paced_head, *paced_tail;
static uint64_t request_count, stream_count;
static int epoll_fd, timer_fd;

static void die(const char *what) { perror(what); exit(1); }

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- what is answered, built once ---- */

static struct text chat_answer(size_t size) {
    static const char *head_format =
        "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"mock\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
    static const char *tail =
        "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":96,\"completion_tokens\":112,\"total_tokens\":208,"
        "\"prompt_tokens_details\":{\"cached_tokens\":0},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":0}},\"system_fingerprint\":\"fp_mock\"}";
    static const char word[] = "steady answers flow ";
    size_t fixed = strlen(head_format) + strlen(tail);
    size_t fill = size > fixed ? size - fixed : 0;
    char *body = malloc(fixed + fill + 1);
    size_t at = (size_t)sprintf(body, "%s", head_format);
    for (size_t i = 0; i < fill; i++) body[at++] = word[i % (sizeof word - 1)];
    at += (size_t)sprintf(body + at, "%s", tail);
    char *whole = malloc(at + 256);
    size_t head = (size_t)sprintf(whole,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", at);
    memcpy(whole + head, body, at);
    free(body);
    return (struct text){whole, head + at};
}

static struct text http_chunk(const char *prefix, const char *payload) {
    char *bytes = malloc(strlen(prefix) + strlen(payload) + 32);
    int length = sprintf(bytes, "%s%zx\r\n%s\r\n", prefix, strlen(payload), payload);
    return (struct text){bytes, (size_t)length};
}

static void chunk_payload(char *into, const char *choices, const char *rest) {
    sprintf(into, "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
        "\"model\":\"mock\",\"system_fingerprint\":\"fp_mock\",\"choices\":%s%s}\n\n", choices, rest);
}

static void build_stream(void) {
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";
    char payload[1024], finish[1024], ending[4096];
    for (int i = 0; i < CHUNKS; i++) {
        chunk_payload(payload, i ? "[{\"index\":0,\"delta\":{\"content\":\" steady words\"},\"finish_reason\":null}]"
            : "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Some\"},\"finish_reason\":null}]", "");
        stream_chunks[i] = http_chunk(i ? "" : head, payload);
    }
    chunk_payload(finish, "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]", "");
    chunk_payload(payload, "[]",
        ",\"usage\":{\"prompt_tokens\":96,\"completion_tokens\":39,\"total_tokens\":135}");
    sprintf(ending, "%sdata: [DONE]\n\n", finish);
    stream_end = http_chunk("", ending);
    sprintf(ending, "%s%sdata: [DONE]\n\n", finish, payload);
    stream_end_with_usage = http_chunk("", ending);
    const char *last = "0\r\n\r\n";
    struct text *ends[] = {&stream_end, &stream_end_with_usage};
    for (int i = 0; i < 2; i++) {
        memcpy(ends[i]->bytes + ends[i]->length, last, 5);
        ends[i]->length += 5;
    }
}

/* ---- connections ---- */

static void watch(struct connection *c, int output) {
    struct epoll_event event = {.events = EPOLLIN | (output ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event)) die("epoll_ctl");
    c->watches_output = output;
}

static void unqueue(struct connection *gone) {
    struct connection **link = &paced_head, *before = NULL;
    while (*link && *link != gone) { before = *link; link = &before->next; }
    if (!*link) return;
    *link = gone->next;
    if (paced_tail == gone) paced_tail = before;
}

static void hang_up(struct connection *c) {
    if (c->chunk >= 0) unqueue(c);
    close(c->fd);
    free(c->in.bytes);
    free(c);
}

/* Ends a stream whose reader is gone. The connection is freed by its own event, which may be later in this batch. */
static void give_up(struct connection *c) {
    c->chunk = -1;
    shutdown(c->fd, SHUT_RDWR);
}

/* Returns 0 when the peer is gone. What the socket does not take now is sent when it is writable again. */
static int send_bytes(struct connection *c, const char *bytes, size_t length) {
    ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) return 0;
        sent = 0;
    }
    c->out = bytes + sent;
    c->out_left = length - (size_t)sent;
    if ((c->out_left > 0) != c->watches_output) watch(c, c->out_left > 0);
    return 1;
}

static void arm_timer(void) {
    struct itimerspec at = {0};
    at.it_value.tv_sec = (time_t)(paced_head->due / 1000000000u);
    at.it_value.tv_nsec = (long)(paced_head->due % 1000000000u);
    if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL)) die("timerfd_settime");
}

static void queue_chunk(struct connection *c, uint64_t now) {
    c->due = now + GAP_NS;
    c->next = NULL;
    if (paced_tail) paced_tail->next = c;
    else paced_head = c;
    paced_tail = c;
    if (paced_head == c) arm_timer();
}

static void run_paced(void) {
    uint64_t expirations, now = now_ns();
    if (read(timer_fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("timerfd");
    while (paced_head && paced_head->due <= now) {
        struct connection *c = paced_head;
        paced_head = c->next;
        if (!paced_head) paced_tail = NULL;
        struct text *text = c->chunk < CHUNKS ? &stream_chunks[c->chunk]
            : c->wants_usage ? &stream_end_with_usage : &stream_end;
        int more = c->chunk < CHUNKS;
        c->chunk = more ? c->chunk + 1 : -1;
        if (send_bytes(c, text->bytes, text->length)) { if (more) queue_chunk(c, now); }
        else give_up(c);
    }
    if (paced_head) arm_timer();
}

/* ---- requests ---- */

static int is_true(const char *body, size_t length, const char *key) {
    const char *at = memmem(body, length, key, strlen(key));
    if (!at) return 0;
    const char *end = body + length;
    for (at += strlen(key); at < end && (*at == ' ' || *at == ':'); at++) {}
    return at < end && *at == 't';
}

static int answer_count(struct connection *c) {
    static char bytes[256];
    char body[96];
    int length = sprintf(body, "{\"requests\":%lu,\"streams\":%lu}", (unsigned long)request_count,
        (unsigned long)stream_count);
    int whole = sprintf(bytes, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
        length, body);
    return send_bytes(c, bytes, (size_t)whole);
}

static int answer(struct connection *c, const char *body, size_t length) {
    if (!memcmp(c->in.bytes, "GET ", 4)) return answer_count(c);
    request_count++;
    if (is_true(body, length, "\"stream\"")) {
        stream_count++;
        c->wants_usage = is_true(body, length, "\"include_usage\"");
        c->chunk = 1;
        if (!send_bytes(c, stream_chunks[0].bytes, stream_chunks[0].length)) { c->chunk = -1; return 0; }
        queue_chunk(c, now_ns());
        return 1;
    }
    struct text *text = &answers[length < 4000 ? 0 : length < 100000 ? 1 : 2];
    return send_bytes(c, text->bytes, text->length);
}

static const char *header(const char *head, size_t length, const char *name) {
    size_t size = strlen(name);
    for (const char *at = head; at + size < head + length; at++) {
        at = memchr(at, '\n', (size_t)(head + length - at));
        if (!at) return NULL;
        if (!strncasecmp(at + 1, name, size)) {
            for (at += size + 1; *at == ' '; at++) {}
            return at;
        }
    }
    return NULL;
}

/* Length of a chunked body including its framing; 0 while incomplete, -1 when malformed. */
static ssize_t chunked_length(const char *body, size_t length) {
    size_t at = 0;
    for (;;) {
        const char *line = memmem(body + at, length - at, "\r\n", 2);
        if (!line) return 0;
        char *end;
        unsigned long size = strtoul(body + at, &end, 16);
        if (end == body + at || size > MAX_REQUEST) return -1;
        at = (size_t)(line - body) + 2 + size + 2;
        if (at > length) return 0;
        if (size == 0) return (ssize_t)at;
    }
}

/* Bytes of the first whole request in the buffer; 0 while incomplete, -1 when malformed or not answerable. */
static ssize_t take_request(struct connection *c) {
    char *end = memmem(c->in.bytes, c->in.length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - c->in.bytes) + 4, have = c->in.length - head;
    const char *value = header(c->in.bytes, head, "content-length:");
    ssize_t body = value ? (ssize_t)strtoul(value, NULL, 10) : 0;
    if (!value && header(c->in.bytes, head, "transfer-encoding:")) {
        body = chunked_length(end + 4, have);
        if (body <= 0) return body;
    }
    if ((size_t)body > have) return 0;
    return answer(c, end + 4, (size_t)body) ? (ssize_t)head + body : -1;
}

static int grow(struct connection *c) {
    if (c->in.length < c->in_capacity) return 1;
    if (c->in_capacity >= MAX_REQUEST) return 0;
    c->in_capacity = c->in_capacity ? c->in_capacity * 4 : 16384;
    c->in.bytes = realloc(c->in.bytes, c->in_capacity + 1);
    return c->in.bytes != NULL;
}

static void read_requests(struct connection *c) {
    for (;;) {
        if (!grow(c)) { hang_up(c); return; }
        ssize_t got = recv(c->fd, c->in.bytes + c->in.length, c->in_capacity - c->in.length, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) { hang_up(c); return; }
        c->in.length += (size_t)got;
        c->in.bytes[c->in.length] = 0;
        ssize_t used = take_request(c);
        if (used < 0) { hang_up(c); return; }
        if (used > 0) {
            c->in.length -= (size_t)used;
            memmove(c->in.bytes, c->in.bytes + used, c->in.length);
        }
        if (c->in.length < c->in_capacity && used > 0) return;
    }
}

static void accept_all(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->chunk = -1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
    }
}

static void handle(struct connection *c, uint32_t events) {
    if (events & EPOLLOUT && !send_bytes(c, c->out, c->out_left)) { hang_up(c); return; }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_requests(c);
}

static int listen_anywhere(int *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(fd, (struct sockaddr *)&at, size) || listen(fd, 4096)) die("listen");
    if (getsockname(fd, (struct sockaddr *)&at, &size)) die("getsockname");
    *port = ntohs(at.sin_port);
    return fd;
}

int main(int count, char **arguments) {
    static int listeners[64];
    int wanted = count > 1 ? atoi(arguments[1]) : 1, port;
    if (wanted < 1 || wanted > 64) return 2;
    for (int i = 0; i < ANSWERS; i++) answers[i] = chat_answer(answer_sizes[i]);
    build_stream();
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event timer_event = {.events = EPOLLIN, .data.ptr = &timer_fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &timer_event);
    for (int i = 0; i < wanted; i++) {
        listeners[i] = listen_anywhere(&port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listeners[i]};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listeners[i], &event);
        printf(i ? " %d" : "%d", port);
    }
    printf("\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            void *what = events[i].data.ptr;
            if (what == &timer_fd) run_paced();
            else if (what >= (void *)listeners && what < (void *)(listeners + 64)) accept_all(*(int *)what);
            else handle(what, events[i].events);
        }
    }
}
