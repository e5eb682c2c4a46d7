#include "services/message/make_port.h"

#include "objects/lifetime.h"
#include "services/message/queued_port.h"

namespace services {

kernel::Result<objects::Ref<Port>> make_port(Port::Creation creation)
{
    return objects::create<QueuedPortRoot>(creation);
}

}
