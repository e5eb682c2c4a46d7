#include "queued_port.h"

#include "objects/update.h"

extern "C" kernel::Status module_init()
{
    return objects::update_class(services::v2::QueuedPort::descriptor);
}
