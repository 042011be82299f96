/*
 * sendFile(socketFd, head, fileFd, offset, length) -> bytes that the socket took: of the head, then of the file.
 *
 * Never waits for the socket and never throws for its sake: at the first EAGAIN or error it tells how far it came. Whoever
 * called writes the rest the ordinary way, which waits, or meets the error. SIGPIPE is ignored in every process of Node.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <node_api.h>

static size_t send_head(int fd, const char *head, size_t length) {
  size_t sent = 0;
  while (sent < length) {
    /* MSG_MORE: over TCP the head travels in the body's first packet */
    ssize_t n = send(fd, head + sent, length - sent, MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += (size_t)n;
    else if (n == 0 || errno != EINTR) break;
  }
  return sent;
}

/* Its socket is one of libuv's, so O_NONBLOCK. A file that is shorter than said ends the loop like an error. */
static int64_t send_body(int socket_fd, int file_fd, off_t offset, int64_t length) {
  int64_t sent = 0;
  while (sent < length) {
    ssize_t n = sendfile(socket_fd, file_fd, &offset, (size_t)(length - sent));
    if (n > 0) sent += n;
    else if (n == 0 || errno != EINTR) break;
  }
  return sent;
}

static napi_value send_file(napi_env env, napi_callback_info info) {
  napi_value args[5];
  size_t count = 5;
  int32_t socket_fd, file_fd;
  int64_t offset, length;
  void *head;
  size_t head_length;
  napi_value result;

  if (napi_get_cb_info(env, info, &count, args, NULL, NULL) != napi_ok || count < 5 ||
      napi_get_value_int32(env, args[0], &socket_fd) != napi_ok ||
      napi_get_buffer_info(env, args[1], &head, &head_length) != napi_ok ||
      napi_get_value_int32(env, args[2], &file_fd) != napi_ok || napi_get_value_int64(env, args[3], &offset) != napi_ok ||
      napi_get_value_int64(env, args[4], &length) != napi_ok || offset < 0 || length < 0) {
    napi_throw_type_error(env, NULL, "sendFile(socketFd, head, fileFd, offset, length)");
    return NULL;
  }
  int64_t sent = (int64_t)send_head(socket_fd, head, head_length);
  if (sent == (int64_t)head_length) sent += send_body(socket_fd, file_fd, (off_t)offset, length);
  return napi_create_int64(env, sent, &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "sendFile", NAPI_AUTO_LENGTH, send_file, NULL, &function) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "sendFile", function) != napi_ok) return NULL;
  return exports;
}
