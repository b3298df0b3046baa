"""Instruments that the tests of the koans observe with.

They are imported when they are asked for: who takes a client pays for no database.
A new one gets a line below for the type checker and one in `_HOMES`.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.browser import Browser as Browser
    from lab.browser import browser as browser
    from lab.calls import Calls as Calls
    from lab.calls import calls as calls
    from lab.celery_isolation import celery_isolated as celery_isolated
    from lab.celery_worker import CeleryWorker as CeleryWorker
    from lab.celery_worker import TaskRun as TaskRun
    from lab.celery_worker import celery_worker as celery_worker
    from lab.client import async_client as async_client
    from lab.client import client as client
    from lab.connections import Connections as Connections
    from lab.connections import connections as connections
    from lab.container import container as container
    from lab.database import async_engine_for as async_engine_for
    from lab.database import async_sqlite_engine as async_sqlite_engine
    from lab.database import engine_for as engine_for
    from lab.database import sqlite_engine as sqlite_engine
    from lab.docker_image import Image as Image
    from lab.docker_image import Layer as Layer
    from lab.docker_image import build_image as build_image
    from lab.dockerfile import DockerfileError as DockerfileError
    from lab.forked import Ended as Ended
    from lab.forked import Forked as Forked
    from lab.forked import Listening as Listening
    from lab.forked import forked as forked
    from lab.graphql_websocket import GraphQLSubscription as GraphQLSubscription
    from lab.graphql_websocket import GraphQLWebSocket as GraphQLWebSocket
    from lab.graphql_websocket import graphql_websocket as graphql_websocket
    from lab.importable import importable as importable
    from lab.kafka import Kafka as Kafka
    from lab.kafka import Record as Record
    from lab.kafka import kafka_cluster as kafka_cluster
    from lab.lambda_instance import LambdaInstance as LambdaInstance
    from lab.lambda_instance import lambda_instance as lambda_instance
    from lab.load_generator import LoadGenerator as LoadGenerator
    from lab.load_generator import LoadTest as LoadTest
    from lab.load_generator import Reported as Reported
    from lab.load_generator import load_generator as load_generator
    from lab.loop_guard import LoopGuard as LoopGuard
    from lab.loop_lag import LoopLag as LoopLag
    from lab.loop_lag import loop_lag as loop_lag
    from lab.mailbox import Mailbox as Mailbox
    from lab.mailbox import mailbox as mailbox
    from lab.mysql_server import MysqlServer as MysqlServer
    from lab.mysql_server import mysql_server as mysql_server
    from lab.outcome import attempt as attempt
    from lab.outcome import in_words as in_words
    from lab.outcome import outcome as outcome
    from lab.outcome import returned_or_raised as returned_or_raised
    from lab.patience import patience as patience
    from lab.postgres.database import PostgresDatabase as PostgresDatabase
    from lab.postgres.database import postgres_database as postgres_database
    from lab.process import Process as Process
    from lab.process import free_port as free_port
    from lab.process import process as process
    from lab.redis_server import RedisServer as RedisServer
    from lab.redis_server import redis_server as redis_server
    from lab.rendezvous import Rendezvous as Rendezvous
    from lab.response import fastapi_app as fastapi_app
    from lab.response import json_or_text as json_or_text
    from lab.server import Server as Server
    from lab.server import serve as serve
    from lab.stand_in import stand_in as stand_in
    from lab.statements import Statement as Statement
    from lab.statements import Statements as Statements
    from lab.statements import statements as statements
    from lab.swagger_ui import SwaggerUI as SwaggerUI
    from lab.swagger_ui import swagger_ui as swagger_ui
    from lab.tls import Tls as Tls
    from lab.tls import tls as tls
    from lab.traffic import Traffic as Traffic
    from lab.unavailable import Unavailable as Unavailable
    from lab.wire import Wire as Wire
    from lab.wire import wire as wire
    from lab.wsgi_server import WorkerServer as WorkerServer
    from lab.wsgi_server import serve_wsgi as serve_wsgi

_HOMES = {
    "Browser": "lab.browser",
    "Calls": "lab.calls",
    "CeleryWorker": "lab.celery_worker",
    "Connections": "lab.connections",
    "DockerfileError": "lab.dockerfile",
    "Ended": "lab.forked",
    "Forked": "lab.forked",
    "GraphQLSubscription": "lab.graphql_websocket",
    "GraphQLWebSocket": "lab.graphql_websocket",
    "Image": "lab.docker_image",
    "Kafka": "lab.kafka",
    "LambdaInstance": "lab.lambda_instance",
    "Layer": "lab.docker_image",
    "Listening": "lab.forked",
    "LoadGenerator": "lab.load_generator",
    "LoadTest": "lab.load_generator",
    "LoopGuard": "lab.loop_guard",
    "LoopLag": "lab.loop_lag",
    "Mailbox": "lab.mailbox",
    "MysqlServer": "lab.mysql_server",
    "PostgresDatabase": "lab.postgres.database",
    "Process": "lab.process",
    "Record": "lab.kafka",
    "RedisServer": "lab.redis_server",
    "Rendezvous": "lab.rendezvous",
    "Reported": "lab.load_generator",
    "Server": "lab.server",
    "Statement": "lab.statements",
    "Statements": "lab.statements",
    "SwaggerUI": "lab.swagger_ui",
    "TaskRun": "lab.celery_worker",
    "Tls": "lab.tls",
    "Traffic": "lab.traffic",
    "Unavailable": "lab.unavailable",
    "Wire": "lab.wire",
    "WorkerServer": "lab.wsgi_server",
    "async_client": "lab.client",
    "async_engine_for": "lab.database",
    "async_sqlite_engine": "lab.database",
    "attempt": "lab.outcome",
    "browser": "lab.browser",
    "build_image": "lab.docker_image",
    "calls": "lab.calls",
    "celery_isolated": "lab.celery_isolation",
    "celery_worker": "lab.celery_worker",
    "client": "lab.client",
    "connections": "lab.connections",
    "container": "lab.container",
    "engine_for": "lab.database",
    "fastapi_app": "lab.response",
    "forked": "lab.forked",
    "free_port": "lab.process",
    "graphql_websocket": "lab.graphql_websocket",
    "importable": "lab.importable",
    "in_words": "lab.outcome",
    "json_or_text": "lab.response",
    "kafka_cluster": "lab.kafka",
    "lambda_instance": "lab.lambda_instance",
    "load_generator": "lab.load_generator",
    "loop_lag": "lab.loop_lag",
    "mailbox": "lab.mailbox",
    "mysql_server": "lab.mysql_server",
    "outcome": "lab.outcome",
    "patience": "lab.patience",
    "postgres_database": "lab.postgres.database",
    "process": "lab.process",
    "redis_server": "lab.redis_server",
    "returned_or_raised": "lab.outcome",
    "serve": "lab.server",
    "serve_wsgi": "lab.wsgi_server",
    "sqlite_engine": "lab.database",
    "stand_in": "lab.stand_in",
    "statements": "lab.statements",
    "swagger_ui": "lab.swagger_ui",
    "tls": "lab.tls",
    "wire": "lab.wire",
}


class _Lab(ModuleType):
    """This package, which finds its instruments when they are asked for."""

    def __getattr__(self, name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found: object = getattr(import_module(_HOMES[name]), name)
        setattr(self, name, found)
        return found

    def __setattr__(self, name: str, value: object) -> None:
        # Python puts each module that it imports here, under the module's own name:
        # `lab.client` is to be the function nevertheless.
        if isinstance(value, ModuleType) and name in _HOMES:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Lab
