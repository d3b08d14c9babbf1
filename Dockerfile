# Homing in a container: no root, no shell script, a file system that may be read-only but for /data, /backups and /tmp.
ARG NODE=20
FROM node:${NODE}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages packages
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY migrations migrations
COPY browser browser
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE}-bookworm-slim
# What backs a MariaDB or MySQL database up and reads a backup in.
RUN apt-get update && apt-get install --yes --no-install-recommends mariadb-client && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
# Large pieces of memory go back to the system when they are not used any more, as glibc does it before it has met one.
ENV MALLOC_MMAP_THRESHOLD_=131072
ENV DATABASE_URL=sqlite:/data/homing.sqlite
WORKDIR /app
COPY --from=build /app/package.json package.json
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY docs docs
COPY LICENSE LICENSE
RUN install -d -m 700 -o node -g node /data /backups
USER node
VOLUME /data /backups
EXPOSE 8080
# Restarting it does not bring back a database: so it is asked whether it is alive, and not whether it is ready.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["node", "dist/src/cli.js", "ready", "--alive"]
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["start"]
