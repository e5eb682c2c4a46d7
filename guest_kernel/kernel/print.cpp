#include "kernel/print.h"

#include "kernel/console.h"
#include "kernel/device_register.h"
#include "kernel/format.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"

namespace kernel {

namespace {

// Guards the line below. Innermost: nothing is locked under it.
constinit SpinLock console_lock;
// In the kernel image, where the device finds it at one physical address; a thread's stack is not contiguous there.
char console_line[line_max];

}

void console_write_unlocked(const char* line, size_t size)
{
    write_register(abi::DevicePage::CONSOLE, abi::ConsoleRegister::TRANSMIT_BUFFER,
        size << abi::CONSOLE_LENGTH_SHIFT | arch::physical(line));
}

void print_arguments(const char* format, va_list arguments)
{
    SpinGuard guard(console_lock);
    size_t size = format_arguments(console_line, sizeof(console_line) - 1, format, arguments);
    if (size == 0 || console_line[size - 1] != '\n')
        console_line[size++] = '\n';
    console_write_unlocked(console_line, size);
}

void print(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_arguments(format, arguments);
    va_end(arguments);
}

}
