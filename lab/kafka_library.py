"""The functions of librdkafka that start and steer its mock cluster."""

import ctypes
from collections.abc import Callable
from typing import Any

from confluent_kafka import cimpl

from lab.unavailable import Unavailable

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_ARRAY = ctypes.POINTER(_POINTER)

# Each function of the library with its result and its arguments.
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "conf_new": (_POINTER,),
    "conf_set_log_cb": (None, _POINTER, _POINTER),
    "new": (_POINTER, _INT, _POINTER, _POINTER, ctypes.c_size_t),
    "destroy": (None, _POINTER),
    "mock_cluster_new": (_POINTER, _POINTER, _INT),
    "mock_cluster_destroy": (None, _POINTER),
    "mock_cluster_bootstraps": (_TEXT, _POINTER),
    "mock_group_initial_rebalance_delay_ms": (None, _POINTER, ctypes.c_int32),
    "mock_set_group_consumer_heartbeat_interval_ms": (None, _POINTER, _INT),
    "mock_topic_create": (_INT, _POINTER, _TEXT, _INT, _INT),
    "mock_broker_set_down": (_INT, _POINTER, ctypes.c_int32),
    "mock_broker_set_up": (_INT, _POINTER, ctypes.c_int32),
    "mock_broker_set_rtt": (_INT, _POINTER, ctypes.c_int32, _INT),
    "mock_push_request_errors_array": (
        *(None, _POINTER, ctypes.c_int16, ctypes.c_size_t),
        ctypes.POINTER(_INT),
    ),
    "mock_start_request_tracking": (None, _POINTER),
    "mock_get_requests": (_ARRAY, _POINTER, ctypes.POINTER(ctypes.c_size_t)),
    "mock_request_api_key": (ctypes.c_int16, _POINTER),
    "mock_request_destroy_array": (None, _ARRAY, ctypes.c_size_t),
}

Library = dict[str, Callable[..., Any]]


def library() -> Library:
    """Return the functions of the library that `confluent-kafka` is linked to.

    Their names are without `rd_kafka_`.

    Raises:
        Unavailable: this system's librdkafka cannot be reached from Python.
    """
    handle = ctypes.CDLL(cimpl.__file__)
    found: Library = {}
    for name, (result, *arguments) in _FUNCTIONS.items():
        try:
            function = handle[f"rd_kafka_{name}"]
        except AttributeError:
            raise Unavailable(
                "the mock cluster of librdkafka is not to be had here: "
                "pip install --only-binary :all: confluent-kafka"
            ) from None
        function.restype, function.argtypes = result, arguments
        found[name] = function
    return found
