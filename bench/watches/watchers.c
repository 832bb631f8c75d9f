/*
 * watchers.c - clients that watch, for bench/watches.ts. Speaks the ZooKeeper client protocol by hand, in one thread with
 * one epoll, so that a thousand watchers cost the machine little beside the server that notifies them.
 *
 *   watchers PORT fan  CONNECTIONS ROUNDS          each round all watch one node, a writer changes it; from its request to
 *                                                  the last event
 *   watchers PORT die  WATCHES SECONDS             a session with so many watches dies while another one reads
 *   watchers PORT hold CONNECTIONS PATHS own|same  so many watches are set and kept until stdin ends
 *
 * Talks to 127.0.0.1 only. Prints one line of JSON per result. The first reply or event that is not what it had to be ends
 * the run with exit code 3.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OP_CREATE = 1, OP_EXISTS = 3, OP_GET_DATA = 4, OP_SET_DATA = 5, OP_PING = 11 };
enum { NO_NODE = -101, TIMEOUT_MS = 40000, PING_S = 8, BATCH = 256, IN_BYTES = 1 << 16, DEADLINE_S = 120 };

struct connection {
  int fd;
  uint32_t used;
  uint64_t replies, events;
  uint8_t *in;
};

static int port, epoll_fd;
static struct connection *connections;
static int connection_count;
static uint64_t reply_total, event_total;
static int32_t expected_error;
static double give_up_at;

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  fprintf(stderr, "watchers: %s\n", what);
  exit(3);
}

static void put32(uint8_t *at, uint32_t value) {
  value = htobe32(value);
  memcpy(at, &value, 4);
}

static int32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return (int32_t)be32toh(value);
}

static void send_all(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) fail("the server closed a connection that was being written to");
    bytes += sent;
    length -= (size_t)sent;
  }
}

/* A request whose body is a path and then `tail`; returns the frame's length. */
static size_t request(uint8_t *at, int32_t xid, int32_t op, const char *path, const uint8_t *tail, size_t tail_length) {
  size_t path_length = path == NULL ? 0 : strlen(path);
  size_t body = path == NULL ? 0 : 4 + path_length + tail_length;
  put32(at, (uint32_t)(8 + body));
  put32(at + 4, (uint32_t)xid);
  put32(at + 8, (uint32_t)op);
  if (path != NULL) {
    put32(at + 12, (uint32_t)path_length);
    memcpy(at + 16, path, path_length);
    memcpy(at + 16 + path_length, tail, tail_length);
  }
  return 12 + body;
}

static const uint8_t WATCH[] = {1};
/* data "x", version -1 */
static const uint8_t SET_TAIL[] = {0, 0, 0, 1, 'x', 255, 255, 255, 255};
/* data "x", world:anyone 31, persistent */
static const uint8_t CREATE_TAIL[] = {0, 0, 0, 1, 'x', 0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 5, 'w', 'o', 'r', 'l', 'd',
                                      0, 0, 0, 6, 'a', 'n', 'y', 'o', 'n', 'e', 0, 0, 0, 0};

static void on_frame(struct connection *c, const uint8_t *frame, int32_t length) {
  if (length < 16) fail("a short frame came");
  int32_t xid = get32(frame), error = get32(frame + 12);
  if (xid == -1) {
    c->events++;
    event_total++;
  } else if (xid != -2) {
    if (error != expected_error) fail("a reply had another error than expected");
    c->replies++;
    reply_total++;
  }
}

static void receive(struct connection *c) {
  ssize_t got = recv(c->fd, c->in + c->used, IN_BYTES - c->used, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) fail("the server closed a connection");
  c->used += (uint32_t)got;
  uint32_t at = 0;
  while (c->used - at >= 4) {
    int32_t length = get32(c->in + at);
    if (length < 0 || length > IN_BYTES - 4) fail("a frame has no sensible length");
    if (c->used - at - 4 < (uint32_t)length) break;
    on_frame(c, c->in + at + 4, length);
    at += 4 + (uint32_t)length;
  }
  memmove(c->in, c->in + at, c->used - at);
  c->used -= at;
}

static void wait_input(int timeout_ms) {
  struct epoll_event ready[512];
  int count = epoll_wait(epoll_fd, ready, 512, timeout_ms);
  for (int i = 0; i < count; i++) receive(&connections[ready[i].data.u32]);
  if (now_s() > give_up_at) fail("not done in time");
}

static void wait_replies(uint64_t total) {
  while (reply_total < total) wait_input(1000);
}

static int dial(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  uint8_t hello[49] = {0};
  put32(hello, 45);
  put32(hello + 16, TIMEOUT_MS);
  put32(hello + 28, 16);
  send_all(fd, hello, sizeof hello);
  return fd;
}

/* Sessions are asked for all at once and read one after the other, so that they share the server's disk syncs. */
static void open_connections(int count) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  epoll_fd = epoll_create1(0);
  connection_count = count;
  connections = calloc((size_t)count, sizeof *connections);
  for (int i = 0; i < count; i++) connections[i].fd = dial();
  for (int i = 0; i < count; i++) {
    struct connection *c = &connections[i];
    uint8_t response[41];
    if (recv(c->fd, response, sizeof response, MSG_WAITALL) != sizeof response) fail("no ConnectResponse");
    if (get32(response + 8) <= 0) fail("the session was refused");
    c->in = malloc(IN_BYTES);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
  }
}

static void ping_all(void) {
  uint8_t frame[12];
  size_t length = request(frame, -2, OP_PING, NULL, NULL, 0);
  for (int i = 0; i < connection_count; i++) send_all(connections[i].fd, frame, length);
}

static void call(struct connection *c, int op, const char *path, const uint8_t *tail, size_t tail_length, int32_t error) {
  uint8_t frame[256];
  expected_error = error;
  uint64_t due = reply_total + 1;
  send_all(c->fd, frame, request(frame, 1, op, path, tail, tail_length));
  wait_replies(due);
}

/* Connection `i` sets `count` watches on nodes that are not there; the server answers NoNode and keeps the watch. */
static void set_watches(int from, int to, long paths, bool same) {
  static uint8_t frames[BATCH * 96];
  expected_error = NO_NODE;
  double pinged_at = now_s();
  for (long begin = 0; begin < paths; begin += BATCH) {
    uint64_t due = reply_total;
    for (int i = from; i < to; i++) {
      size_t length = 0;
      for (long k = begin; k < begin + BATCH && k < paths; k++) {
        char path[64];
        if (same) snprintf(path, sizeof path, "/watched/node-%07ld", k);
        else snprintf(path, sizeof path, "/watched/%d/node-%07ld", i, k);
        length += request(frames + length, 1, OP_EXISTS, path, WATCH, sizeof WATCH);
        due++;
      }
      send_all(connections[i].fd, frames, length);
    }
    wait_replies(due);
    if (now_s() - pinged_at > PING_S) {
      ping_all();
      pinged_at = now_s();
    }
  }
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void fan(int watchers, int rounds) {
  open_connections(watchers + 1);
  struct connection *writer = &connections[watchers];
  call(writer, OP_CREATE, "/fan", CREATE_TAIL, sizeof CREATE_TAIL, 0);
  uint8_t watch[64], set[64];
  size_t watch_length = request(watch, 1, OP_GET_DATA, "/fan", WATCH, sizeof WATCH);
  size_t set_length = request(set, 1, OP_SET_DATA, "/fan", SET_TAIL, sizeof SET_TAIL);
  for (int round = 0; round < rounds; round++) {
    expected_error = 0;
    uint64_t due = reply_total + (uint64_t)watchers;
    for (int i = 0; i < watchers; i++) send_all(connections[i].fd, watch, watch_length);
    wait_replies(due);
    uint64_t events_due = event_total + (uint64_t)watchers;
    double began = now_s();
    send_all(writer->fd, set, set_length);
    double replied = 0;
    while (event_total < events_due) {
      wait_input(1000);
      if (replied == 0 && reply_total > due) replied = now_s();
    }
    double ended = now_s();
    wait_replies(due + 1);
    if (replied == 0) replied = now_s();
    printf("{\"lastEventUs\":%.0f,\"replyUs\":%.0f}\n", (ended - began) * 1e6, (replied - began) * 1e6);
  }
  for (int i = 0; i < watchers; i++) {
    if (connections[i].events != (uint64_t)rounds) fail("a watcher got another number of events than there were changes");
  }
}

struct window {
  double *us;
  size_t count, capacity;
};

static void record(struct window *w, double us) {
  if (w->count == w->capacity) {
    w->capacity = w->capacity == 0 ? 4096 : w->capacity * 2;
    w->us = realloc(w->us, w->capacity * sizeof *w->us);
  }
  w->us[w->count++] = us;
}

static void print_window(const char *name, struct window *w) {
  if (w->count == 0) fail("nothing was read");
  qsort(w->us, w->count, sizeof *w->us, by_value);
  printf("\"%s\":{\"count\":%zu,\"p50Us\":%.0f,\"p99Us\":%.0f,\"p999Us\":%.0f,\"maxUs\":%.0f}", name, w->count,
         w->us[w->count / 2], w->us[w->count * 99 / 100], w->us[w->count * 999 / 1000], w->us[w->count - 1]);
}

/* The reader watches what it reads, so that it needs the server's watch tables too. */
static void die(long watches, double seconds) {
  open_connections(2);
  struct connection *reader = &connections[1];
  call(reader, OP_CREATE, "/read", CREATE_TAIL, sizeof CREATE_TAIL, 0);
  set_watches(0, 1, watches, true);
  struct window before = {0}, after = {0};
  double began = now_s(), closed = 0;
  while (now_s() - began < 2 * seconds) {
    if (closed == 0 && now_s() - began > seconds) {
      epoll_ctl(epoll_fd, EPOLL_CTL_DEL, connections[0].fd, NULL);
      close(connections[0].fd);
      closed = now_s();
    }
    double asked = now_s();
    call(reader, OP_GET_DATA, "/read", WATCH, sizeof WATCH, 0);
    record(closed == 0 ? &before : &after, (now_s() - asked) * 1e6);
  }
  printf("{");
  print_window("before", &before);
  printf(",");
  print_window("after", &after);
  printf("}\n");
}

static void hold(int watchers, long paths, bool same) {
  open_connections(watchers);
  double began = now_s();
  set_watches(0, watchers, paths, same);
  printf("{\"watches\":%ld,\"seconds\":%.2f}\n", paths * watchers, now_s() - began);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)watchers};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event);
  double pinged_at = now_s();
  for (;;) {
    struct epoll_event ready[512];
    int count = epoll_wait(epoll_fd, ready, 512, 1000);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.u32 == (uint32_t)watchers) return;
      receive(&connections[ready[i].data.u32]);
    }
    if (now_s() - pinged_at > PING_S) {
      ping_all();
      pinged_at = now_s();
    }
  }
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc < 5) fail("usage: watchers PORT fan|die|hold ...");
  port = atoi(argv[1]);
  give_up_at = now_s() + DEADLINE_S;
  if (strcmp(argv[2], "fan") == 0) fan(atoi(argv[3]), atoi(argv[4]));
  else if (strcmp(argv[2], "die") == 0) die(atol(argv[3]), atof(argv[4]));
  else if (strcmp(argv[2], "hold") == 0 && argc == 6) hold(atoi(argv[3]), atol(argv[4]), strcmp(argv[5], "same") == 0);
  else fail("usage: watchers PORT fan|die|hold ...");
  return 0;
}
