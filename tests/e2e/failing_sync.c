/* Stands between a program and the system: as long as the file that FAILING_SYNC names exists, nothing is made
   durable: both calls answer with an error of the device. */

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(void) {
    const char *name = getenv("FAILING_SYNC");
    return name != NULL && access(name, F_OK) == 0;
}

int fdatasync(int file) {
    if (fails()) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    if (fails()) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, file);
}
