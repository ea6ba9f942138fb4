/* Closed-loop, paced and streaming HTTP load on one thread, for the gateway benchmark.
 *
 * Usage: load_generator PORT REQUEST_FILE CONNECTIONS SECONDS RATE WARM_SECONDS STAGGER_MS
 *
 * Sends the bytes of REQUEST_FILE (a whole HTTP/1.1 request) over CONNECTIONS keep-alive connections to 127.0.0.1.
 * RATE 0: closed loop, each connection sends its next request when the last one is answered. RATE above 0: open loop,
 * that many requests a second over all connections, latency counted from when the request was due. STAGGER_MS: in the
 * closed loop, time between the first requests of two connections, so that paced streams do not beat in step. It first
 * warms up, prints "warm" and waits for a line on stdin, so that the caller can read meters while nothing is in flight; then it
 * loads for SECONDS, waits for every open answer, and prints one JSON object.
 *
 * Unlike a generator that stops with requests in flight, every request that cost CPU is also counted, which matters
 * when a slow gateway has hundreds open. Every status other than 200, dropped connection, cut stream and answer later
 * than 60 s is counted as a failure, never skipped.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 60, BATCH = 256, HEAD_LIMIT = 16384, TAIL = 64 };
enum body { BY_LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSE };

struct connection {
    int fd, busy, status, in_head, closes, is_stream;
    size_t head_length, send_offset;
    char head[HEAD_LIMIT];
    enum body body;
    uint64_t left;                 /* bytes of the body, or of the chunk, still to come */
    char line[32];                 /* chunk-size line being collected */
    size_t line_length;
    uint64_t due, first_byte;
    uint32_t events, arrivals;     /* of a stream: "data:" lines, and reads that brought some body */
    int line_at;                   /* position in the current body line, to recognise "data:" at its start */
    char tail[TAIL];               /* the last body bytes, to recognise "[DONE]" */
};

struct samples { uint32_t *ns_64; size_t count, capacity; };

struct tally {
    struct samples latency, first_byte;
    uint64_t answered, ok, other_status, dropped, unfinished_streams, late, reconnects, body_bytes, events, arrivals;
    uint32_t fewest_events;
    int sample_status;
};

static struct connection *connections;
static int *idle, idle_count, idle_at, connection_count, epoll_fd, timer_fd, port;
static char *request;
static size_t request_length;
static struct tally tally;
static uint64_t in_flight;

static void die(const char *what) { perror(what); exit(1); }

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void keep(struct samples *s, uint64_t ns) {
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 65536;
        s->ns_64 = realloc(s->ns_64, s->capacity * sizeof *s->ns_64);
        if (!s->ns_64) die("realloc");
    }
    s->ns_64[s->count++] = (uint32_t)(ns >> 6); /* 64 ns steps reach 4.5 minutes */
}

/* ---- connections ---- */

static void open_connection(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
}

static void reopen(struct connection *c) {
    close(c->fd);
    tally.reconnects++;
    open_connection(c);
}

static void rest(struct connection *c) {
    c->busy = 0;
    idle[(idle_at + idle_count++) % connection_count] = (int)(c - connections);
}

static void push_request(struct connection *c) {
    ssize_t sent = send(c->fd, request + c->send_offset, request_length - c->send_offset, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) c->send_offset += (size_t)sent;
    struct epoll_event event = {.events = EPOLLIN | (c->send_offset < request_length ? EPOLLOUT : 0), .data.ptr = c};
    if (sent < (ssize_t)request_length && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event)) die("epoll_ctl");
}

static void start(struct connection *c, uint64_t due) {
    c->busy = c->in_head = 1;
    c->status = c->closes = c->is_stream = c->line_at = 0;
    c->head_length = c->send_offset = c->line_length = 0;
    c->events = c->arrivals = 0;
    c->first_byte = 0;
    c->due = due;
    memset(c->tail, 0, TAIL);
    in_flight++;
    push_request(c);
}

static void start_next(uint64_t due) {
    struct connection *c = &connections[idle[idle_at]];
    idle_at = (idle_at + 1) % connection_count;
    idle_count--;
    start(c, due);
}

/* ---- answers ---- */

static void finish(struct connection *c, uint64_t now) {
    uint64_t took = now - c->due;
    tally.answered++;
    in_flight--;
    keep(&tally.latency, took);
    keep(&tally.first_byte, c->first_byte - c->due);
    if (c->status == 200) tally.ok++;
    else { tally.other_status++; tally.sample_status = c->status; }
    if (took > PATIENCE_SECONDS * 1000000000ull) tally.late++;
    if (c->is_stream) {
        tally.events += c->events;
        tally.arrivals += c->arrivals;
        if (c->events < tally.fewest_events) tally.fewest_events = c->events;
        if (!memmem(c->tail, TAIL, "[DONE]", 6)) tally.unfinished_streams++;
    }
    if (c->closes) reopen(c);
    rest(c);
}

static void drop(struct connection *c) {
    if (c->busy) {
        tally.dropped++;
        in_flight--;
        reopen(c);
        rest(c);
    } else reopen(c);
}

static const char *header(const struct connection *c, const char *name) {
    size_t size = strlen(name);
    const char *end = c->head + c->head_length;
    for (const char *at = memchr(c->head, '\n', c->head_length); at && at + size < end;
         at = memchr(at + 1, '\n', (size_t)(end - at - 1)))
        if (!strncasecmp(at + 1, name, size)) {
            for (at += size + 1; *at == ' '; at++) {}
            return at;
        }
    return NULL;
}

static void read_head(struct connection *c) {
    c->in_head = 0;
    c->status = atoi(c->head + 9);
    const char *length = header(c, "content-length:"), *coding = header(c, "transfer-encoding:");
    const char *keep_alive = header(c, "connection:"), *type = header(c, "content-type:");
    c->closes = keep_alive && !strncasecmp(keep_alive, "close", 5);
    c->is_stream = type && !strncasecmp(type, "text/event-stream", 17);
    c->body = coding ? CHUNK_SIZE : length ? BY_LENGTH : UNTIL_CLOSE;
    c->left = length ? strtoull(length, NULL, 10) : 0;
}

static void note_stream_bytes(struct connection *c, const char *bytes, size_t length) {
    static const char mark[] = "data:";
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') c->line_at = 0;
        else if (c->line_at >= 0 && c->line_at < 5 && bytes[i] == mark[c->line_at]) c->events += ++c->line_at == 5;
        else c->line_at = -1;
    }
    size_t kept = length < TAIL ? length : TAIL;
    memmove(c->tail, c->tail + kept, TAIL - kept);
    memcpy(c->tail + TAIL - kept, bytes + length - kept, kept);
}

static size_t take_body(struct connection *c, const char *bytes, size_t length) {
    size_t used = c->body != UNTIL_CLOSE && c->left < length ? (size_t)c->left : length;
    tally.body_bytes += used;
    if (c->is_stream && used) note_stream_bytes(c, bytes, used);
    c->left -= c->body == UNTIL_CLOSE ? 0 : used;
    return used;
}

/* Collects one line; returns 1 when it is whole. */
static int take_line(struct connection *c, char byte) {
    if (byte != '\n') {
        if (c->line_length < sizeof c->line - 1 && byte != '\r') c->line[c->line_length++] = byte;
        return 0;
    }
    c->line[c->line_length] = 0;
    return 1;
}

/* Feeds body bytes; returns 1 when the answer is whole. */
static int feed(struct connection *c, const char *bytes, size_t length) {
    if (c->body == BY_LENGTH && c->left == 0) return 1;
    for (size_t at = 0; at < length;) switch (c->body) {
        case BY_LENGTH:
            at += take_body(c, bytes + at, length - at);
            if (c->left == 0) return 1;
            break;
        case UNTIL_CLOSE:
            at += take_body(c, bytes + at, length - at);
            break;
        case CHUNK_DATA:
            at += take_body(c, bytes + at, length - at);
            if (c->left == 0) { c->body = CHUNK_END; c->line_length = 0; }
            break;
        case CHUNK_END:
            if (take_line(c, bytes[at++])) { c->body = CHUNK_SIZE; c->line_length = 0; }
            break;
        case CHUNK_SIZE:
            if (take_line(c, bytes[at++])) {
                c->left = strtoull(c->line, NULL, 16);
                c->body = c->left ? CHUNK_DATA : TRAILER;
                c->line_length = 0;
            }
            break;
        case TRAILER:
            if (take_line(c, bytes[at++])) {
                if (c->line_length == 0) return 1;
                c->line_length = 0;
            }
    }
    return 0;
}

static int feed_head(struct connection *c, const char *bytes, size_t length, size_t *used) {
    size_t room = HEAD_LIMIT - 1 - c->head_length, take = length < room ? length : room;
    memcpy(c->head + c->head_length, bytes, take);
    size_t before = c->head_length;
    c->head_length += take;
    char *end = memmem(c->head, c->head_length, "\r\n\r\n", 4);
    if (!end) { *used = take; return take == length && c->head_length < HEAD_LIMIT - 1; }
    c->head_length = (size_t)(end - c->head) + 4;
    c->head[c->head_length] = 0;
    *used = c->head_length - before;
    read_head(c);
    return 1;
}

static void receive(struct connection *c) {
    static char bytes[1 << 18];
    ssize_t got = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        if (c->busy && !c->in_head && c->body == UNTIL_CLOSE && got == 0) { c->closes = 1; finish(c, now_ns()); }
        else drop(c);
        return;
    }
    if (!c->busy) { drop(c); return; }
    if (!c->first_byte) c->first_byte = now_ns();
    size_t used = 0;
    if (c->in_head && !feed_head(c, bytes, (size_t)got, &used)) { drop(c); return; }
    if (c->in_head) return;
    if ((size_t)got > used) c->arrivals++;
    if (feed(c, bytes + used, (size_t)got - used)) finish(c, now_ns());
}

/* ---- loops ---- */

static void wake_at(uint64_t when) {
    struct itimerspec at = {0};
    at.it_value.tv_sec = (time_t)(when / 1000000000u);
    at.it_value.tv_nsec = (long)(when % 1000000000u) + (when == 0);
    if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL)) die("timerfd_settime");
}

static int turn(int timeout_ms) {
    struct epoll_event events[BATCH];
    int ready = epoll_wait(epoll_fd, events, BATCH, timeout_ms);
    for (int i = 0; i < ready; i++) {
        struct connection *c = events[i].data.ptr;
        uint64_t expirations;
        if (!c) { if (read(timer_fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("timer"); }
        else {
            if (events[i].events & EPOLLOUT) push_request(c);
            if (events[i].events & ~(uint32_t)EPOLLOUT) receive(c);
        }
    }
    return ready;
}

static void drain(void) {
    uint64_t until = now_ns() + PATIENCE_SECONDS * 1000000000ull;
    while (in_flight && now_ns() < until) turn(1000);
    tally.late += in_flight;
}

static void closed_loop(double seconds, double stagger_ms) {
    uint64_t begin = now_ns(), until = begin + (uint64_t)(seconds * 1e9);
    for (int started = 0; started < connection_count || now_ns() < until;) {
        uint64_t next = begin + (uint64_t)(started * stagger_ms * 1e6);
        while (idle_count && (started >= connection_count || next <= now_ns())) {
            start_next(now_ns());
            next = begin + (uint64_t)(++started * stagger_ms * 1e6);
        }
        if (started < connection_count && next > now_ns()) wake_at(next);
        turn(100);
    }
    drain();
}

static void open_loop(double seconds, double rate) {
    uint64_t begin = now_ns(), total = (uint64_t)(seconds * rate), sent = 0;
    while (sent < total && now_ns() < begin + (uint64_t)((seconds + PATIENCE_SECONDS) * 1e9)) {
        uint64_t now = now_ns(), due = begin + (uint64_t)((double)sent * 1e9 / rate);
        for (; due <= now && idle_count && sent < total; due = begin + (uint64_t)((double)sent * 1e9 / rate)) {
            start_next(due);
            sent++;
        }
        if (sent < total && due > now) wake_at(due);
        if (sent < total) turn(1000);
    }
    tally.late += total - sent;
    drain();
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double percentile_ms(const struct samples *s, double share) {
    if (!s->count) return -1;
    size_t at = (size_t)(share * (double)s->count);
    return (double)((uint64_t)s->ns_64[at < s->count ? at : s->count - 1] << 6) / 1e6;
}

static void print_samples(const char *name, struct samples *s) {
    qsort(s->ns_64, s->count, sizeof *s->ns_64, ascending);
    printf("\"%s\":{\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,\"p999\":%.4f,\"max\":%.4f},", name, percentile_ms(s, .5),
        percentile_ms(s, .9), percentile_ms(s, .99), percentile_ms(s, .999), percentile_ms(s, 1));
}

static void print_tally(double seconds, double cpu_seconds) {
    printf("{");
    print_samples("latency_ms", &tally.latency);
    print_samples("first_byte_ms", &tally.first_byte);
    printf("\"answered\":%lu,\"ok\":%lu,\"other_status\":%lu,\"sample_status\":%d,\"dropped\":%lu,\"late\":%lu,"
        "\"unfinished_streams\":%lu,\"reconnects\":%lu,\"body_bytes\":%lu,\"events\":%lu,\"fewest_events\":%u,"
        "\"arrivals\":%lu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
        tally.answered, tally.ok, tally.other_status, tally.sample_status, tally.dropped, tally.late,
        tally.unfinished_streams, tally.reconnects, tally.body_bytes, tally.events,
        tally.events ? tally.fewest_events : 0, tally.arrivals, seconds, cpu_seconds);
}

static double own_cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load_request(const char *path) {
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about)) die(path);
    request_length = (size_t)about.st_size;
    request = malloc(request_length);
    if (fread(request, 1, request_length, file) != request_length) die(path);
    fclose(file);
}

static void set_up(void) {
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event);
    connections = calloc((size_t)connection_count, sizeof *connections);
    idle = calloc((size_t)connection_count, sizeof *idle);
    for (int i = 0; i < connection_count; i++) {
        open_connection(&connections[i]);
        rest(&connections[i]);
    }
}

/* Forgets the good part of the warm-up; its failures stay counted. */
static void forget_samples(void) {
    tally.latency.count = tally.first_byte.count = 0;
    tally.answered = tally.ok = tally.body_bytes = tally.events = tally.arrivals = tally.reconnects = 0;
    tally.fewest_events = UINT32_MAX;
}

int main(int count, char **arguments) {
    char line[16];
    if (count != 8) return 2;
    port = atoi(arguments[1]);
    load_request(arguments[2]);
    connection_count = atoi(arguments[3]);
    double seconds = atof(arguments[4]), rate = atof(arguments[5]), stagger_ms = atof(arguments[7]);
    set_up();
    tally.fewest_events = UINT32_MAX;
    closed_loop(atof(arguments[6]), stagger_ms);
    forget_samples();
    printf("warm\n");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 1;
    while (turn(0)) {} /* reopens what a server closed while it was idle */
    double began = (double)now_ns(), cpu = own_cpu();
    if (rate > 0) open_loop(seconds, rate);
    else closed_loop(seconds, stagger_ms);
    double ended = (double)now_ns();
    print_tally((ended - began) / 1e9, own_cpu() - cpu);
    return 0;
}
