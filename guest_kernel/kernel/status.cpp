#include "kernel/status.h"

namespace kernel {

const char* name_of(Code code)
{
    switch (code) {
    case Code::OK: return "ok";
    case Code::NO_MEMORY: return "no memory";
    case Code::INVALID: return "invalid";
    case Code::NOT_FOUND: return "not found";
    case Code::BUSY: return "busy";
    case Code::EXISTS: return "exists";
    case Code::TIMED_OUT: return "timed out";
    case Code::CANCELLED: return "cancelled";
    case Code::NO_FORMAT: return "no common transfer format";
    case Code::GONE: return "gone";
    case Code::DEADLOCK: return "deadlock";
    case Code::FAULT: return "fault";
    case Code::IO_ERROR: return "input/output error";
    case Code::VERSION: return "wrong version";
    case Code::REFUSED: return "refused";
    case Code::UNSUPPORTED: return "unsupported";
    case Code::TOO_LARGE: return "too large";
    case Code::NO_SPACE: return "disk full";
    }
    return "unknown status";
}

}
