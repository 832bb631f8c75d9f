export {};
//# sourceMappingURL=client-socket.js.map
